"""Signing in and out at the city's single sign-on, over HTTP: only translation."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.dashboard.cookies import keep_session, name_of, secure, session_name
from services.dashboard.reader import PAGE_HEADERS, language_of
from shared.domain.errors import NotFound
from shared.identity.errors import KeysUnavailable
from shared.identity.metrics import LOGOUTS, SIGN_INS
from shared.identity.oidc import LogoutRefused, OidcClient, SignInFailed
from shared.identity.provider import ProviderUnavailable
from shared.identity.sessions import Sessions
from shared.identity.sign_ins import PATIENCE, SignIn, SignIns
from shared.web.errors import BadHeader

log = logging.getLogger(__name__)

OPEN: Final = ("/sign-in", "/sign-in/callback", "/back-channel-logout")
"""What the browser calls before it has a session, and the provider without one."""

_COOKIE: Final = "ponte-sign-in-"
_MOST_AT_ONCE: Final = 5
"""Sign-ins that one browser may have on their way, one a tab."""

_ENTER: Final = 303


@dataclass(frozen=True, slots=True)
class SignOn:
    """What signing in at a provider needs."""

    client: OidcClient
    sign_ins: Callable[[], SignIns]
    sessions: Callable[[], Sessions]


def sign_on_router(sign_on: SignOn | None) -> APIRouter:
    """``/sign-in``, its callback and ``/back-channel-logout``; without a provider they do not exist."""
    router = APIRouter(include_in_schema=False)

    def here(request: Request) -> SignOn:
        if sign_on is None:
            raise NotFound(field="path", value=request.url.path)
        return sign_on

    @router.get("/sign-in")
    async def begin(request: Request, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
        """Send the browser to the provider, with a cookie that ties the answer to this very browser."""
        return await _begin(request, here(request), next)

    @router.get("/sign-in/callback")
    async def come_back(request: Request) -> Response:
        """Open a session with the provider's answer. Raises as ``OidcClient.finish`` does."""
        wired = here(request)
        try:
            response = await _finish(request, wired)
        except SignInFailed as refused:
            SIGN_INS.labels(refused.why).inc()
            log.info("a sign-in was refused: %s", refused.why)
            raise
        except (ProviderUnavailable, KeysUnavailable):
            SIGN_INS.labels("unavailable").inc()
            raise
        SIGN_INS.labels("ok").inc()
        return response

    @router.post("/back-channel-logout")
    async def end_sessions(
        request: Request, logout_token: Annotated[str, Form(max_length=16_384)] = ""
    ) -> Response:
        """End what the provider says is over. Raises ``LogoutRefused``."""
        await _end(here(request), logout_token)
        return Response(headers={"cache-control": "no-store"})

    return router


async def _begin(request: Request, wired: SignOn, page: str) -> Response:
    if wired.client.encrypted and not secure(request):
        raise BadHeader(
            field="X-Forwarded-Proto",
            value=request.headers.get("x-forwarded-proto"),
            en="the proxy in front has to say https, and PONTE_TRUSTED_PROXIES has to name it",
            it="il proxy davanti deve dichiarare https, e PONTE_TRUSTED_PROXIES deve nominarlo",
        )
    sign_in = SignIn(safe_next(page))
    try:
        address = await wired.client.address(sign_in, language_of(request))
    except ProviderUnavailable:
        SIGN_INS.labels("unavailable").inc()
        raise
    await wired.sign_ins().begin(sign_in, datetime.now(UTC))
    response = RedirectResponse(address, _ENTER, headers=PAGE_HEADERS)
    waiting = [name for name in request.cookies if name.startswith(name_of(_COOKIE, request))]
    for name in waiting[: max(0, len(waiting) - _MOST_AT_ONCE + 1)]:
        response.delete_cookie(name, httponly=True, samesite="lax", secure=secure(request))
    response.set_cookie(
        _cookie(sign_in.state, request),
        sign_in.browser,
        max_age=int(PATIENCE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure(request),
    )
    return response


async def _finish(request: Request, wired: SignOn) -> Response:
    query = request.query_params
    state = query.get("state", "")
    browser = request.cookies.get(_cookie(state, request), "")
    now = datetime.now(UTC)
    # Taken before anything else is looked at: whatever this answer is, it was the only one.
    sign_in = await wired.sign_ins().take(state[:128], browser[:128], now) if state and browser else None
    if sign_in is None:
        raise SignInFailed("state")
    code = wired.client.check_answer(query)
    grant = await wired.client.finish(sign_in, code, now)
    former = request.cookies.get(session_name(request))
    if former:
        await wired.sessions().close(former)
    session = await wired.sessions().open(grant.identity, now, grant=grant)
    response = RedirectResponse(sign_in.next, _ENTER, headers=PAGE_HEADERS)
    response.delete_cookie(_cookie(state, request), httponly=True, samesite="lax", secure=secure(request))
    keep_session(request, response, session, now)
    return response


async def _end(wired: SignOn, token: str) -> None:
    try:
        logout = await wired.client.logout(token)
        if await wired.sign_ins().logout_used(logout.token_id):
            raise LogoutRefused("replayed")
    except LogoutRefused as refused:
        LOGOUTS.labels(refused.why).inc()
        log.info("a logout token was refused: %s", refused.why)
        raise
    except KeysUnavailable:
        LOGOUTS.labels("unavailable").inc()
        raise
    # In this order: should the database fail in between, the provider's second try has to count.
    await wired.sessions().end(sid=logout.sid, subject=logout.subject)
    await wired.sign_ins().note_logout(logout.token_id, logout.until)
    LOGOUTS.labels("ok").inc()


def _cookie(state: str, request: Request) -> str:
    """One for each sign-in, so that two tabs do not take each other's."""
    return name_of(_COOKIE, request) + "".join(letter for letter in state[:12] if letter.isalnum())


def safe_next(address: str) -> str:
    """``address`` if it is a page of this site, else the first page: nobody is sent elsewhere."""
    plain = address.isprintable() and address.isascii() and "\\" not in address
    inside = address.startswith("/") and not address.startswith("//")
    ways = ("/sign-in", "/sign-out", "/link", "/back-channel-logout")
    return address if plain and inside and not address.startswith(ways) else "/"
