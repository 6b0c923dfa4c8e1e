"""The auditor's page over HTTP: only translation. Who may see it, the units themselves decide once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from services.dashboard.cookies import session_name
from services.dashboard.reader import PAGE_HEADERS, initials, keep_language, language_of, name_of
from services.dashboard.render import Renderer
from services.dashboard.trail import Found, Place, Question, look
from services.dashboard.trail_export import Export
from services.dashboard.units import Bearer, Trouble, UnitFailed, Units
from services.dashboard.views import audit
from services.dashboard.views.audit_commands import command_groups
from services.dashboard.views.audit_search import SERVICES, Search
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens
from shared.identity import Action, allow, caller
from shared.identity.own_tokens import OwnTokens
from shared.identity.sessions import Sessions

_HEADERS: Final = {**PAGE_HEADERS, "cache-control": "no-store"}
_BACK: Final = 303

Where = Annotated[str, Query(max_length=500)]


@dataclass(frozen=True, slots=True)
class AuditDesk:
    """What the page stands on; ``sessions`` is asked at every request."""

    renderer: Renderer
    units: Units
    tokens: OwnTokens
    sessions: Callable[[], Sessions]

    async def bearer(self, request: Request, language: str) -> Bearer | None:
        """For whom the units are asked; null where the session has no token to ask with."""
        token = await self._token(request)
        address = request.client.host if request.client else None
        return Bearer(token, language, address) if token else None

    async def _token(self, request: Request) -> str | None:
        given = request.headers.get("authorization")
        if given is not None:  # the gate has verified it: whoever calls so asks with the same token
            return given.partition(" ")[2].strip()
        now = datetime.now(UTC)
        cookie = request.cookies.get(session_name(request), "")
        session = await self.sessions().find(cookie, now, touch=False)
        try:
            return self.tokens.of(session, now) if session else None
        except ValueError:
            return None


def audit_pages_router(desk: AuditDesk) -> APIRouter:
    """``/audit`` and its export."""
    router = APIRouter(
        include_in_schema=False, dependencies=[allow(Action.PAGES_READ), allow(Action.AUDIT_READ)]
    )

    @router.get("/audit")
    async def show_audit(request: Request, before: Where = "", missing: Where = "") -> HTMLResponse:
        """The trail of all units with the filters of the address; ``missing``: why there was no export."""
        frame = desk.renderer.frame(Lens(language_of(request)), datetime.now(UTC))
        search, place = Search.parse(request.query_params), Place.parse(before)
        bearer = await desk.bearer(request, frame.lens.language)
        found = None
        if bearer is not None and not search.wrong:
            question = Question(search, bearer, frame.clock.zone)
            found = await look(desk.units, question, before=place)
        values = _values(search, place, found, frame)
        person = name_of(caller(request), frame)
        html = desk.renderer.page(
            "audit.html",
            frame,
            **values,
            signed_out=bearer is None,
            not_exported=[name for name in SERVICES if name in missing.split(",")],
            switch=_switch(search, place),
            who=person,
            initials=initials(person),
            may_audit=True,
        )
        response = HTMLResponse(html, 422 if search.wrong else 200, headers=_HEADERS)
        keep_language(request, response)
        return response

    @router.get("/audit/export")
    async def export_audit(request: Request) -> Response:
        """The same as one CSV file; where a unit lacks, back to the page, which says so."""
        language = language_of(request)
        search = Search.parse(request.query_params)
        bearer = await desk.bearer(request, language)
        if bearer is None or search.wrong:
            return RedirectResponse(search.address(), _BACK, headers=_HEADERS)
        frame = desk.renderer.frame(Lens(language), datetime.now(UTC))
        export = Export(desk.units, Question(search, bearer, frame.clock.zone))
        try:
            await export.begin()
        except UnitFailed as failed:
            address = search.address()
            glue = "&" if "?" in address else "?"
            return RedirectResponse(f"{address}{glue}missing={failed.unit}", _BACK, headers=_HEADERS)
        moment = frame.f.local(frame.clock.now)
        name = f"{frame.t('audit.file')}-{moment:%Y-%m-%d-%H%M}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return StreamingResponse(export.pieces(), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _values(search: Search, place: Place | None, found: Found | None, frame: Frame) -> dict[str, Any]:
    services, kinds = audit.choices(frame)
    return {
        "search": search,
        "services": services,
        "kinds": kinds,
        "commands": command_groups(frame, search),
        "days": audit.by_days(found.entries, search, frame) if found else [],
        "count": len(found.entries) if found else 0,
        "failed": [_lacking(failed, frame) for failed in found.failed] if found else [],
        "nobody": found.nobody_answered if found else False,
        "asked": found is not None,
        "earlier": search.earlier(str(found.earlier)) if found and found.earlier else "",
        "from_place": f"{frame.f.moment(place.at)}" if place else "",
        "read_at": audit.read_at(frame.clock.now, frame),
        "export": search.address("/audit/export"),
    }


def _lacking(failed: UnitFailed, frame: Frame) -> dict[str, str]:
    """Which unit lacks and why, in words."""
    unit = frame.t(f"audit.service.{failed.unit}")
    key = "busy-for" if failed.trouble is Trouble.BUSY and failed.seconds else str(failed.trouble)
    return {"unit": unit, "why": frame.t(f"audit.trouble.{key}", unit=unit, n=failed.seconds or 0)}


def _switch(search: Search, place: Place | None) -> Callable[[str], str]:
    """The same page in another language."""
    here = search.earlier(str(place)) if place else search.address()

    def address(language: str) -> str:
        return f"{here}{'&' if '?' in here else '?'}lang={language}"

    return address
