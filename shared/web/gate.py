"""The one place through which every request passes: who calls, how much, how large.

It refuses what is not known to be open, so a route that somebody forgets to guard is closed, not open.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.acting.errors import HEADER, NotLent
from shared.domain.errors import Refusal
from shared.identity.access import set_identity
from shared.identity.errors import Unauthenticated, bad_token, no_token
from shared.identity.roles import Identity
from shared.identity.tokens import TokenVerifier
from shared.web.errors import BadHeader, TooManyRequests
from shared.web.limits import Allowance, RateLimiter, limited
from shared.web.recording import about
from shared.web.suspects import check_query

Authenticator = Callable[[Request], Awaitable[Identity | None]]
"""Says who calls, null where the request carries no credential of its kind. Raises ``Unauthenticated``
for a credential that does not hold."""

OnBehalf = Callable[[Identity, str], Awaitable[Identity]]
"""The caller as somebody who acts for the person with that id. Raises a refusal that says why not."""

_ON_BEHALF: Final = HEADER.lower().encode()
_PRINCIPAL: Final = re.compile(rb"^[!-~]{1,128}$")

ALLOWANCE_KEY: Final = "ponte.allowance"


def bearer(verifier: TokenVerifier) -> Authenticator:
    """Reads ``Authorization: Bearer``."""

    async def authenticate(request: Request) -> Identity | None:
        header = request.headers.get("authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise bad_token(
                "the header must read 'Bearer TOKEN'", "l'intestazione deve essere 'Bearer TOKEN'"
            )
        return await verifier.verify(token.strip())

    return authenticate


class OpenPaths:
    """Paths that need no verified caller: exact ones, and folders (ending in ``/``) of static files."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.exact = frozenset(path for path in paths if not path.endswith("/"))
        self.folders = tuple(path for path in paths if path.endswith("/"))

    def __contains__(self, path: str) -> bool:
        return path in self.exact or path.startswith(self.folders)


class Gate:
    """ASGI middleware. Raises the refusals; the edge around it answers them."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        open_paths: OpenPaths,
        unmetered: frozenset[str],
        authenticators: Sequence[Authenticator],
        limiter: RateLimiter,
        max_body_bytes: int,
        on_behalf: OnBehalf | None = None,
    ) -> None:
        self._app = app
        self._open = open_paths
        self._unmetered = unmetered
        self._authenticators = tuple(authenticators)
        self._limiter = limiter
        self._max_body = max_body_bytes
        self._on_behalf = on_behalf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request and hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        address = (scope.get("client") or ("unknown", 0))[0]
        if scope["path"] in self._open:
            self._charge(scope, f"address {address}")
        else:
            try:
                identity = await self._identify(scope)
            except Unauthenticated:
                # Guessing is paid from the address's own bucket.
                self._charge(scope, f"address {address}")
                raise
            set_identity(scope, identity)
            # Each person's own: all of them come through one program, the pages.
            self._charge(scope, f"client {identity.client} {identity.subject}")
            principal = _principal(scope)
            if principal is not None:
                set_identity(scope, await self._as_substitute(scope, identity, principal))
            check_query(scope)
        await self._app(scope, limited(scope, receive, self._max_body), send)

    async def _identify(self, scope: Scope) -> Identity:
        request = Request(scope, _no_body)
        for authenticate in self._authenticators:
            identity = await authenticate(request)
            if identity is not None:
                return identity
        raise no_token()

    async def _as_substitute(self, scope: Scope, identity: Identity, principal: str) -> Identity:
        """Never passed over: who wants to act for somebody does not want to act for themselves."""
        try:
            if self._on_behalf is None:
                raise NotLent(field=HEADER, value=principal)
            return await self._on_behalf(identity, principal)
        except Refusal:
            about(Request(scope), principal)
            raise

    def _charge(self, scope: Scope, client: str) -> None:
        allowance: Allowance = self._limiter.take(client)
        scope[ALLOWANCE_KEY] = allowance
        if not allowance.granted and scope["path"] not in self._unmetered:
            raise TooManyRequests(field="client", value=None, limit=allowance.limit, seconds=allowance.wait)


def _principal(scope: Scope) -> str | None:
    """Whom the caller wants to act for, if anybody. Raises ``BadHeader``, also for two."""
    found: list[bytes] = [value for name, value in scope["headers"] if name == _ON_BEHALF]
    if not found:
        return None
    if len(found) > 1 or not _PRINCIPAL.match(found[0]):
        raise BadHeader(
            field=HEADER,
            value=b", ".join(found).decode("latin-1"),
            en="it takes the id of one person: 1 to 128 visible ASCII characters",
            it="ammette l'identificativo di una persona: da 1 a 128 caratteri ASCII visibili",
        )
    return found[0].decode("ascii")


async def _no_body() -> Message:
    raise RuntimeError("a caller is identified by headers alone")
