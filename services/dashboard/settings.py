"""The dashboard's settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr

from services.dashboard.units import Units
from services.dashboard.views.frame import City
from shared.domain.errors import ImpossibleValue
from shared.identity.keys import KeySet
from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import LocalKeysMissing, read_signing_key
from shared.identity.oidc import OidcClient
from shared.identity.own_tokens import OwnTokens
from shared.identity.provider import Provider
from shared.identity.tokens import TokenVerifier
from shared.places import resolve
from shared.web import ServiceSettings

CALLBACK: Final = "/sign-in/callback"
_ADDRESS: Final = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"


class Settings(ServiceSettings):
    """What every service has, how the page names the city that runs it, and how people sign in."""

    http_port: int = Field(default=8080, ge=1, le=65535)
    area: str = Field(default="Area Relazioni Internazionali", min_length=1)
    area_en: str = Field(default="International Relations Area", min_length=1)
    city_holidays: str = Field(
        default="IT-MI", pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6})?$", description="Country and subdivision"
    )

    oidc_client_id: str | None = Field(default=None, min_length=1, max_length=255)
    oidc_client_secret: SecretStr | None = Field(default=None, min_length=1)
    oidc_client_secret_file: Path | None = Field(default=None, description="Goes before the variable")
    oidc_redirect_uri: str | None = Field(
        default=None,
        pattern=r"^https?://\S+/sign-in/callback$",
        description="Where the browser comes back to",
    )
    oidc_discovery: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="The provider's description, unless below the issuer",
    )
    oidc_scopes: str = Field(default="openid profile", pattern=r"^(\S+ )*openid( \S+)*$")
    retention_months_visits: int = Field(
        default=12, ge=0, le=1200, description="When somebody was last here; 0 keeps for ever"
    )
    session_idle_minutes: int = Field(default=120, ge=5, le=1440)
    session_hours: float = Field(default=12, gt=0, le=24, description="After that a person signs in again")
    link_key_file: Path | None = Field(
        default=None, description="A local run's own: the session of a link asks the units with it"
    )

    agenda_url: str = Field(default="http://127.0.0.1:8101", pattern=_ADDRESS)
    agreements_url: str = Field(default="http://127.0.0.1:8102", pattern=_ADDRESS)
    networks_url: str = Field(default="http://127.0.0.1:8103", pattern=_ADDRESS)
    dossiers_url: str = Field(default="http://127.0.0.1:8104", pattern=_ADDRESS)
    dashboard_url: str | None = Field(
        default=None, pattern=_ADDRESS, description="Its own API, unless where it listens"
    )

    def as_units(self) -> Units:
        """The services' APIs, as the pages call them: their own among them, for what it keeps itself."""
        everywhere = self.http_host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not listened on
        own = f"http://{'127.0.0.1' if everywhere else self.http_host}:{self.http_port}"
        return Units(
            {
                "agenda": self.agenda_url,
                "agreements": self.agreements_url,
                "networks": self.networks_url,
                "dossiers": self.dossiers_url,
                "dashboard": self.dashboard_url or own,
            }
        )

    def as_own_tokens(self) -> OwnTokens:
        """With which token the pages call the units. Raises ``ImpossibleValue`` naming a wrong setting."""
        if self.link_key_file is None:
            return OwnTokens()
        if self.oidc_client_id is not None or self.oidc_issuer != LOCAL_ISSUER:
            raise ImpossibleValue(
                field="PONTE_LINK_KEY_FILE",
                value=str(self.link_key_file),
                en="only a local run has it: with an identity provider the pages use its tokens.",
                it="spetta solo a un avvio locale: con un fornitore di identità valgono i suoi token.",
            )
        try:
            return OwnTokens(read_signing_key(self.link_key_file))
        except (LocalKeysMissing, OSError):
            raise ImpossibleValue(
                field="PONTE_LINK_KEY_FILE",
                value=str(self.link_key_file),
                en="it is not a readable Ed25519 key.",
                it="non è una chiave Ed25519 leggibile.",
            ) from None

    def as_oidc(self) -> OidcClient | None:
        """How people sign in; null without a client id. Raises ``ImpossibleValue`` naming a wrong setting."""
        if self.oidc_client_id is None:
            return None
        if self.oidc_issuer == LOCAL_ISSUER:
            raise ImpossibleValue(
                field="PONTE_OIDC_ISSUER",
                value=self.oidc_issuer,
                en="with PONTE_OIDC_CLIENT_ID it has to be the provider's own.",
                it="con PONTE_OIDC_CLIENT_ID deve essere quello del fornitore.",
            )
        redirect_uri = self.oidc_redirect_uri or self.public_url.rstrip("/") + CALLBACK
        if urlsplit(redirect_uri).path != CALLBACK:
            raise ImpossibleValue(
                field="PONTE_OIDC_REDIRECT_URI",
                value=redirect_uri,
                en="the pages lie at the root of their host.",
                it="le pagine stanno alla radice del loro host.",
            )
        return OidcClient(
            Provider(
                self.oidc_issuer,
                client_id=self.oidc_client_id,
                client_secret=self._client_secret(),
                discovery=self.oidc_discovery,
            ),
            TokenVerifier(
                KeySet(self.oidc_jwks),
                issuer=self.oidc_issuer,
                audience=self.oidc_client_id,
                roles=self.role_map(),
            ),
            redirect_uri=redirect_uri,
            scopes=self.oidc_scopes,
        )

    def _client_secret(self) -> str:
        try:
            given = self.oidc_client_secret_file and self.oidc_client_secret_file.read_text().strip()
        except (OSError, UnicodeDecodeError):
            given = None
        if not given and self.oidc_client_secret and not self.oidc_client_secret_file:
            given = self.oidc_client_secret.get_secret_value()
        if not given:
            raise ImpossibleValue(
                field="PONTE_OIDC_CLIENT_SECRET_FILE",
                value=str(self.oidc_client_secret_file or ""),
                en="PONTE_OIDC_CLIENT_ID needs a readable file with the client's secret.",
                it="PONTE_OIDC_CLIENT_ID richiede un file leggibile con il segreto del client.",
            )
        return given

    def timeouts(self) -> tuple[timedelta, timedelta]:
        """After how long without a request, and after how long at most, a session ends."""
        longest = timedelta(hours=self.session_hours)
        return min(timedelta(minutes=self.session_idle_minutes), longest), longest

    def as_city(self) -> City:
        """The city of the page, with its names and clock. Raises what ``resolve`` does."""
        place = resolve(self.city, field="PONTE_CITY")
        return City(
            names={"it": place.city_it, "en": place.city},
            area={"it": self.area, "en": self.area_en},
            zone=ZoneInfo(place.time_zone),
            holidays=self.city_holidays,
        )
