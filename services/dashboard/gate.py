"""The way in and out: the one-time link, signing out, and what somebody without a session is shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.dashboard.reader import PAGE_HEADERS, SESSION_COOKIE, VISIT_COOKIE, language_of, secure
from services.dashboard.render import Renderer
from services.dashboard.views.lens import Lens
from shared.identity import EVERYONE, TokenVerifier, allow
from shared.identity.links import verify_link
from shared.identity.sessions import Sessions
from shared.web import ErrorPage, Problem

_ENTER = 303
"""See Other: the browser asks anew with GET, and the link stays out of the history."""


def gate_router(sessions: Callable[[], Sessions], verifier: TokenVerifier) -> APIRouter:
    """``/link`` and ``/sign-out``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/link")
    async def enter(request: Request, token: Annotated[str, Query(max_length=4096)] = "") -> Response:
        """Open a session with a one-time link. Raises ``Unauthenticated`` and ``LinkUsed``."""
        link = await verify_link(verifier, token)
        now = datetime.now(UTC)
        session = await sessions().redeem(link, now)
        response = RedirectResponse("/", _ENTER, headers=PAGE_HEADERS)
        response.set_cookie(
            SESSION_COOKIE,
            session.cookie,
            max_age=int((session.until - now).total_seconds()),
            httponly=True,
            samesite="lax",
            secure=secure(request),
        )
        return response

    @router.post("/sign-out", dependencies=[allow(*EVERYONE)])
    async def leave(request: Request) -> Response:
        """End this session."""
        cookie = request.cookies.get(SESSION_COOKIE)
        if cookie:
            await sessions().close(cookie)
        response = RedirectResponse("/?left=1", _ENTER, headers=PAGE_HEADERS)
        response.delete_cookie(SESSION_COOKIE)
        response.delete_cookie(VISIT_COOKIE)
        return response

    return router


def error_page(renderer: Renderer) -> ErrorPage:
    """Shows a problem to a person; who has no session is told how to get one."""

    def show(request: Request, problem: Problem) -> Response:
        frame = renderer.frame(Lens(language_of(request)), datetime.now(UTC))

        def switch(language: str) -> str:
            return f"/?lang={language}"

        values: dict[str, Any] = {"switch": switch, "problem": problem, "command": "ponte link"}
        if problem.status == 401:
            refused = request.url.path == "/link"
            left = request.query_params.get("left") == "1"
            html = renderer.page("sign_in.html", frame, refused=refused, left=left, **values)
        else:
            html = renderer.page("problem.html", frame, **values)
        return HTMLResponse(html, problem.status, headers={**problem.headers, **PAGE_HEADERS})

    return show
