"""One reader's request in the page's terms: language, filters, visit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from services.dashboard import language
from services.dashboard.cookies import secure
from services.dashboard.hub import Hub
from services.dashboard.news import NEVER, News, count_news, since_when, visit_of
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens
from shared.identity import Identity, caller

LANGUAGE_COOKIE = "ponte-language"
VISIT_COOKIE = "ponte-visit"
_YEAR = 365 * 24 * 3600

PAGE_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
}
"""No inline script or style and nothing from elsewhere; Bootstrap Italia draws small marks from ``data:``."""


def language_of(request: Request) -> str:
    """The language that the reader asked for, kept or prefers."""
    return language.choose(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )


def lens_of(request: Request) -> Lens:
    """The filters in the address."""
    return Lens.parse(language_of(request), request.query_params)


@dataclass(frozen=True, slots=True)
class Visit:
    """Since when this person's page counts things as new. ``began`` None: never here before."""

    person: str
    began: datetime | None

    @classmethod
    async def of(cls, request: Request, hub: Hub) -> Visit:
        """The visit that this request belongs to."""
        person = caller(request).subject
        kept = request.cookies.get(VISIT_COOKIE)
        return cls(person, await visit_of(hub.register, person, kept, hub.now()))

    async def news(self, hub: Hub, frame: Frame) -> News:
        """What is new to this person with these filters."""
        since = since_when(frame.lens, self.began, frame.clock.now)
        return await count_news(hub.register, since, frame.lens.unit)

    def keep(self, response: Response, *, secure: bool) -> None:
        """Let the browser remember since when, so that a reload does not make everything old."""
        began = self.began.isoformat() if self.began else NEVER
        response.set_cookie(VISIT_COOKIE, began, httponly=True, samesite="lax", secure=secure)


def keep_language(request: Request, response: Response) -> None:
    """Remember a language that was asked for in the address."""
    asked = request.query_params.get("lang")
    if asked in language.LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, asked, max_age=_YEAR, httponly=True, samesite="lax", secure=secure(request)
        )


def name_of(identity: Identity, frame: Frame) -> str:
    """How the page calls its reader: by name, else by role."""
    roles = sorted(identity.roles)
    return identity.name or (frame.t(f"role.{roles[0]}") if roles else identity.subject)


def initials(name: str) -> str:
    """Two letters for the round mark beside the name."""
    words = [word for word in name.replace("'", " ").split() if word[:1].isupper()]
    return "".join(word[0] for word in words[-2:]) or name[:2].upper()
