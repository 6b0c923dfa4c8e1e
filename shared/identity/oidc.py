"""OpenID Connect for the pages: authorization code with PKCE, renewal, signing out on both sides.

Standards: OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0, Back-Channel Logout 1.0; RFC 7636
(PKCE), RFC 9207 (issuer in the answer), RFC 9700 (best practice).
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from shared.domain.errors import Refusal
from shared.identity.errors import Unauthenticated
from shared.identity.provider import GrantRefused, Provider, ProviderUnavailable
from shared.identity.roles import Identity
from shared.identity.sign_ins import SignIn
from shared.identity.tokens import LEEWAY, TokenVerifier

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_LOGOUT_CLAIMS: Final = ("exp", "iat", "iss", "aud", "jti", "events")
_MARGIN: Final = timedelta(seconds=60)
"""So long before its access token ends, a session is asked about."""


class SignInFailed(Refusal):
    """The provider's answer does not hold. ``why`` is for the log and the metric, never for the person."""

    code = "sign-in-failed"
    status = 401
    title: ClassVar[dict[str, str]] = {"en": "Not signed in", "it": "Accesso non riuscito"}
    rule: ClassVar[dict[str, str]] = {
        "en": "This sign-in cannot be completed; begin again.",
        "it": "Questo accesso non può essere completato; ricominciare.",
    }

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(field="sign-in", value=None)


class LogoutRefused(Refusal):
    """A logout token does not hold. ``why`` is for the log and the metric."""

    code = "logout-token"
    status = 400
    suspect = True
    title: ClassVar[dict[str, str]] = {"en": "Not a logout token", "it": "Token di uscita non valido"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The logout token is not accepted.",
        "it": "Il token di uscita non è accettato.",
    }

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(field="logout_token", value=None)


class SessionOver(Exception):
    """The provider says that this session is over."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the provider gave for one session; ``sid`` is its own name for it. Only the server keeps it."""

    identity: Identity
    sid: str | None
    renew_at: datetime | None
    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    id_token: str = field(repr=False)

    def kept(self) -> dict[str, str | None]:
        """The tokens, as a session keeps them sealed."""
        return {"access": self.access, "refresh": self.refresh, "id": self.id_token}


@dataclass(frozen=True, slots=True)
class Logout:
    """A verified logout token: which session, or whose sessions, are over."""

    token_id: str
    sid: str | None
    subject: str | None
    until: datetime


class OidcClient:
    """Signs people in at one provider.

    ``verifier`` holds tokens against the provider's keys with the client's id as audience. ``redirect_uri``
    is where the browser comes back to.
    """

    def __init__(
        self, provider: Provider, verifier: TokenVerifier, *, redirect_uri: str, scopes: str
    ) -> None:
        self._provider = provider
        self._verifier = verifier
        self._redirect_uri = redirect_uri
        self._scopes = scopes

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach the pages over https only."""
        return self._redirect_uri.startswith("https://")

    async def address(self, sign_in: SignIn, language: str) -> str:
        """Where the browser goes to sign in. Raises ``ProviderUnavailable``."""
        challenge = urlsafe_b64encode(sha256(sign_in.verifier.encode()).digest()).rstrip(b"=").decode()
        found = await self._provider.endpoints()
        return _with(
            found.authorization,
            response_type="code",
            client_id=self._provider.client_id,
            redirect_uri=self._redirect_uri,
            scope=self._scopes,
            state=sign_in.state,
            nonce=sign_in.nonce,
            code_challenge=challenge,
            code_challenge_method="S256",
            ui_locales=language,
        )

    def check_answer(self, answer: Mapping[str, str]) -> str:
        """The code in the provider's answer. Raises ``SignInFailed``."""
        if answer.get("error"):
            raise SignInFailed("denied")
        if answer.get("iss", self._provider.issuer) != self._provider.issuer:
            raise SignInFailed("issuer")
        code = answer.get("code", "")
        if not 1 <= len(code) <= 4096:
            raise SignInFailed("code")
        return code

    async def finish(self, sign_in: SignIn, code: str, now: datetime) -> Grant:
        """Exchange the code. Raises ``SignInFailed``, ``ProviderUnavailable`` and ``KeysUnavailable``."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": sign_in.verifier,
        }
        try:
            given = await self._provider.grant(form)
        except GrantRefused:
            raise SignInFailed("code") from None
        claims = await self._id_claims(given.get("id_token"))
        if not compare_digest(str(claims.get("nonce", "")).encode(), sign_in.nonce.encode()):
            raise SignInFailed("nonce")
        return self._grant(given, self._identity(claims), claims, str(given["id_token"]), now)

    async def renew(self, kept: Mapping[str, str | None], known: Identity, now: datetime) -> Grant | None:
        """What the provider gives for the refresh token of a session; null where there is nothing to ask.

        Its new ID token, where it gives one, says which roles the person has now.

        Raises ``SessionOver``, and ``ProviderUnavailable`` or ``KeysUnavailable`` where that cannot be told.
        """
        refresh, id_token = kept.get("refresh"), kept.get("id")
        if not refresh or not id_token:
            return None
        try:
            given = await self._provider.grant({"grant_type": "refresh_token", "refresh_token": refresh})
        except GrantRefused as refused:
            if refused.error == "invalid_grant":
                raise SessionOver from None
            # A wrong client secret is the operator's mistake and ends nobody's session.
            raise ProviderUnavailable(field="PONTE_OIDC_CLIENT_ID", value=None) from None
        given = {"refresh_token": refresh, **given}
        if "id_token" not in given:
            return self._grant(given, known, None, id_token, now)
        try:
            claims = await self._id_claims(given["id_token"])
            identity = self._identity(claims)
        except SignInFailed:
            raise SessionOver from None
        if identity.subject != known.subject:
            raise SessionOver
        return self._grant(given, identity, claims, str(given["id_token"]), now)

    async def sign_out_address(self, id_token: str | None) -> str | None:
        """Where the provider signs somebody out, too; null where it has no such place or is away."""
        try:
            found = await self._provider.endpoints()
        except ProviderUnavailable:
            return None
        if found.end_session is None:
            return None
        home = urlsplit(self._redirect_uri)
        hint = {"id_token_hint": id_token} if id_token else {}
        return _with(
            found.end_session,
            client_id=self._provider.client_id,
            post_logout_redirect_uri=f"{home.scheme}://{home.netloc}/?left=1",
            **hint,
        )

    async def logout(self, token: str) -> Logout:
        """A logout token that holds. That it was not used before is for ``SignIns.logout_used`` to say.

        Raises ``LogoutRefused``, and ``KeysUnavailable`` where it cannot be judged.
        """
        try:
            claims = await self._verifier.claims(
                token, required=("exp", "iat", "iss", "aud", "jti", "events")
            )
        except Unauthenticated:
            raise LogoutRefused("token") from None
        events = claims["events"]
        if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
            raise LogoutRefused("events")
        if "nonce" in claims:
            raise LogoutRefused("nonce")
        sid, subject = _text(claims.get("sid")), _text(claims.get("sub"))
        token_id = _text(claims["jti"])
        if token_id is None or (sid is None and subject is None):
            raise LogoutRefused("subject")
        until = datetime.fromtimestamp(float(claims["exp"]), UTC) + timedelta(seconds=LEEWAY)
        return Logout(token_id, sid, subject, until)

    async def _id_claims(self, token: object) -> dict[str, Any]:
        if not isinstance(token, str):
            raise SignInFailed("token")
        try:
            claims = await self._verifier.claims(token)
        except Unauthenticated:
            raise SignInFailed("token") from None
        audience, party = claims["aud"], claims.get("azp")
        several = isinstance(audience, list) and len(audience) > 1
        if party != self._provider.client_id and (several or party is not None):
            raise SignInFailed("token")
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        try:
            found = self._verifier.identity(claims)
        except Unauthenticated:
            raise SignInFailed("token") from None
        # Requests are counted by client: each person has an allowance, not all of them one together.
        return replace(found, client=found.subject)

    def _grant(
        self,
        given: Mapping[str, Any],
        identity: Identity,
        claims: Mapping[str, Any] | None,
        id_token: str,
        now: datetime,
    ) -> Grant:
        seconds = given.get("expires_in")
        lasts = timedelta(seconds=seconds) if isinstance(seconds, int) and 0 < seconds <= 86_400 else None
        refresh = _text(given.get("refresh_token"), longest=16_384)
        return Grant(
            identity=identity,
            sid=_text(claims.get("sid")) if claims else None,
            renew_at=now + max(lasts - _MARGIN, _MARGIN) if refresh and lasts else None,
            access=_text(given.get("access_token"), longest=16_384) or "",
            refresh=refresh,
            id_token=id_token,
        )


def _text(given: object, *, longest: int = 255) -> str | None:
    return given if isinstance(given, str) and 1 <= len(given) <= longest else None


def _with(address: str, **query: str) -> str:
    """The address with more in its query; it may have one already."""
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(query)}"
