"""The names and attributes of the cookies that open something."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from shared.identity.sessions import Session

SESSION: Final = "ponte-session"


def secure(request: Request) -> bool:
    """Whether cookies may demand an encrypted connection: a laptop's loopback has none."""
    return request.url.scheme == "https"


def name_of(cookie: str, request: Request) -> str:
    """The cookie's name on this connection.

    With the prefix ``__Host-`` a browser takes it over https from this very host alone: neither a page of a
    neighbouring domain nor somebody on an unencrypted line can plant one.
    """
    return f"__Host-{cookie}" if secure(request) else cookie


def session_name(request: Request) -> str:
    """The name of the session's cookie on this connection."""
    return name_of(SESSION, request)


def keep_session(request: Request, response: Response, session: Session, now: datetime) -> None:
    """Give the browser its session."""
    response.set_cookie(
        session_name(request),
        session.cookie,
        max_age=int((session.until - now).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=secure(request),
    )


def drop_session(request: Request, response: Response) -> None:
    """Take it away again."""
    response.delete_cookie(session_name(request), httponly=True, samesite="lax", secure=secure(request))
