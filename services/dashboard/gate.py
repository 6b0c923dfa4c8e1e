"""The way in and out: the one-time link, signing out, and what somebody without a session is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.dashboard.cookies import drop_session, keep_session, secure, session_name
from services.dashboard.reader import PAGE_HEADERS, VISIT_COOKIE, language_of
from services.dashboard.render import Renderer
from services.dashboard.views.lens import Lens
from shared.identity import Action, TokenVerifier, allow
from shared.identity.links import verify_link
from shared.identity.oidc import OidcClient
from shared.identity.sessions import Sessions
from shared.web import ErrorPage, Problem

_ENTER = 303
"""See Other: the browser asks anew with GET, and the link stays out of the history."""


@dataclass(frozen=True, slots=True)
class SignOff:
    """Signing out at the provider, too."""

    client: OidcClient
    renderer: Renderer


def gate_router(
    sessions: Callable[[], Sessions], verifier: TokenVerifier, sign_off: SignOff | None = None
) -> APIRouter:
    """``/link`` and ``/sign-out``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/link")
    async def enter(request: Request, token: Annotated[str, Query(max_length=4096)] = "") -> Response:
        """Open a session with a one-time link. Raises ``Unauthenticated`` and ``LinkUsed``."""
        link = await verify_link(verifier, token)
        now = datetime.now(UTC)
        session = await sessions().redeem(link, now)
        response = RedirectResponse("/", _ENTER, headers=PAGE_HEADERS)
        keep_session(request, response, session, now)
        return response

    @router.post("/sign-out", dependencies=[allow(Action.PAGES_SIGN_OUT)])
    async def leave(request: Request) -> Response:
        """End this session, here and at the provider."""
        cookie = request.cookies.get(session_name(request), "")
        session = await sessions().find(cookie, datetime.now(UTC))
        await sessions().close(cookie)
        kept = session.tokens() if session else None
        onward = await sign_off.client.sign_out_address(kept.get("id")) if sign_off and kept else None
        response: Response = RedirectResponse("/?left=1", _ENTER, headers=PAGE_HEADERS)
        if sign_off and onward:
            # A page that goes on by itself: the content policy lets no form be answered with another site.
            html = _page(sign_off.renderer, request, "signing_out.html", onward=onward)
            response = HTMLResponse(html, headers=PAGE_HEADERS | {"refresh": f"0; url={onward}"})
        drop_session(request, response)
        response.delete_cookie(VISIT_COOKIE, httponly=True, samesite="lax", secure=secure(request))
        return response

    return router


def error_page(renderer: Renderer, *, single_sign_on: bool = False) -> ErrorPage:
    """Shows a problem to a person; who has no session is told how to get one."""

    def show(request: Request, problem: Problem) -> Response:
        if problem.status == 401:
            html = _page(
                renderer,
                request,
                "sign_in.html",
                refused=request.url.path if request.url.path in _WAYS_IN else None,
                left=request.query_params.get("left") == "1",
                start=_start(request) if single_sign_on else None,
                command="ponte link",
            )
        else:
            html = _page(renderer, request, "problem.html", problem=problem)
        return HTMLResponse(html, problem.status, headers={**problem.headers, **PAGE_HEADERS})

    return show


_WAYS_IN = ("/link", "/sign-in/callback")


def _start(request: Request) -> str:
    """Where signing in begins, and comes back to the page that was asked for."""
    url = request.url
    page = url.path if not url.query else f"{url.path}?{url.query}"
    wanted = request.method == "GET" and url.path not in _WAYS_IN and "left=1" not in url.query
    return f"/sign-in?next={quote(page, safe='')}" if wanted and page != "/" else "/sign-in"


def _page(renderer: Renderer, request: Request, template: str, **values: Any) -> str:
    frame = renderer.frame(Lens(language_of(request)), datetime.now(UTC))
    return renderer.page(template, frame, switch=lambda language: f"/?lang={language}", **values)
