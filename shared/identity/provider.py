"""The identity provider over HTTP: what it says of itself, and its token endpoint."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import quote_plus, urlsplit

from shared.domain.errors import Refusal

log = logging.getLogger(__name__)

WELL_KNOWN: Final = "/.well-known/openid-configuration"
MAX_AGE: Final = 3600.0
"""Seconds after which the provider's own description is asked for again."""

MIN_PAUSE: Final = 5.0
"""Seconds between two questions for it while it is not to be had."""

TIMEOUT: Final = 5.0
MAX_ANSWER: Final = 1_000_000


class ProviderUnavailable(Refusal):
    """The provider does not answer, or not as OpenID Connect wants it."""

    code = "provider-unavailable"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Not available now", "it": "Non disponibile ora"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The sign-in service does not answer; try again later.",
        "it": "Il servizio di accesso non risponde; riprovare più tardi.",
    }


class GrantRefused(Exception):
    """The token endpoint says no; ``error`` is OAuth's word for it."""

    def __init__(self, error: str) -> None:
        self.error = error
        super().__init__(error)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What OpenID Connect Discovery tells; ``end_session`` null: it cannot be asked to sign somebody out."""

    authorization: str
    token: str
    end_session: str | None
    secret_in_body: bool


class Provider:
    """One provider. ``discovery`` is the address of its description; null: the usual one below the issuer."""

    def __init__(
        self,
        issuer: str,
        *,
        client_id: str,
        client_secret: str,
        discovery: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._secret = client_secret
        self._discovery = discovery or issuer.rstrip("/") + WELL_KNOWN
        self._clock = clock
        self._known: Endpoints | None = None
        self._read_at = self._asked_at = float("-inf")
        self._lock = asyncio.Lock()

    async def endpoints(self) -> Endpoints:
        """Its addresses; the last known ones while it does not answer. Raises ``ProviderUnavailable``."""
        if self._known is None or self._clock() - self._read_at > MAX_AGE:
            async with self._lock:
                if self._clock() - max(self._read_at, self._asked_at) > MIN_PAUSE:
                    self._asked_at = self._clock()
                    await self._discover()
        if self._known is None:
            raise ProviderUnavailable(field="PONTE_OIDC_ISSUER", value=self.issuer)
        return self._known

    async def grant(self, form: Mapping[str, str]) -> dict[str, Any]:
        """What the token endpoint gives for ``form``.

        Raises ``GrantRefused`` where it says no, ``ProviderUnavailable`` where it does not answer properly.
        """
        import httpx

        found = await self.endpoints()
        headers = {"Accept": "application/json"}
        auth: httpx.Auth = httpx.Auth()
        sent = {**form, "client_id": self.client_id}
        if found.secret_in_body:
            sent["client_secret"] = self._secret
        else:
            # RFC 6749, 2.3.1: both are form-encoded before they are put together.
            auth = httpx.BasicAuth(quote_plus(self.client_id), quote_plus(self._secret))
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client:
                answer = await client.post(found.token, data=sent, headers=headers, auth=auth)
            content = answer.json() if len(answer.content) <= MAX_ANSWER else None
        except (httpx.HTTPError, ValueError) as error:
            raise self._unavailable(error) from None
        if not isinstance(content, dict):
            raise self._unavailable(TypeError())
        if answer.status_code in {400, 401, 403}:
            raise GrantRefused(str(content.get("error", "unknown"))[:64])
        if answer.status_code != 200:
            raise self._unavailable(ValueError())
        return content

    async def _discover(self) -> None:
        import httpx

        try:
            async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False) as client:
                answer = await client.get(self._discovery, headers={"Accept": "application/json"})
            answer.raise_for_status()
            if len(answer.content) > MAX_ANSWER:
                raise ValueError("it is too long")
            self._known = self._read(answer.json())
            self._read_at = self._clock()
        except (httpx.HTTPError, ValueError, TypeError, KeyError) as error:
            log.warning("the sign-in service's description cannot be used: %s", _words(error))

    def _read(self, document: Any) -> Endpoints:
        if document["issuer"] != self.issuer:
            raise ValueError("it speaks for another issuer than PONTE_OIDC_ISSUER")
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        end_session = document.get("end_session_endpoint")
        return Endpoints(
            authorization=self._address(document["authorization_endpoint"]),
            token=self._address(document["token_endpoint"]),
            end_session=self._address(end_session) if end_session else None,
            secret_in_body="client_secret_basic" not in methods,
        )

    def _address(self, given: object) -> str:
        parts = urlsplit(given if isinstance(given, str) else "")
        # Only an operator who has chosen http for the description gets http for the rest.
        allowed = {"https", urlsplit(self._discovery).scheme}
        if parts.scheme not in allowed or not parts.netloc:
            raise ValueError("one of its addresses is not https")
        return str(given)

    def _unavailable(self, error: Exception) -> ProviderUnavailable:
        log.warning("the sign-in service gives no usable answer: %s", _words(error))
        return ProviderUnavailable(field="PONTE_OIDC_ISSUER", value=self.issuer)


def _words(error: Exception) -> str:
    """What went wrong without what was sent: our own sentences, else the kind of the error."""
    return str(error) if type(error) is ValueError and str(error) else type(error).__name__
