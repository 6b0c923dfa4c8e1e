"""`GET /v1/audit`: who changed what, who was refused, and who has read what is reserved, of one owner."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import StreamingResponse

from shared.documents.csv_lines import BOM, csv_lines
from shared.identity import Action, allow
from shared.store.audit_rows import Wanted
from shared.store.driver import Database, Document
from shared.web.audit_items import AuditItem, AuditKind
from shared.web.audit_trail import AuditTrail, Search
from shared.web.envelopes import Page
from shared.web.reading import Limit, When
from shared.web.recording import note_reading

AT_ONCE: Final = 500
"""Rows of an export that are read with one call."""

COLUMNS: Final = (
    *("at", "kind", "service", "subject", "field", "before", "after", "reason", "command", "type", "actor"),
    *("on_behalf_of", "client", "origin", "action", "method", "route", "status", "epoch", "sequence"),
    *("version", "id", "hash"),
)
"""Of the exported table; a change of several fields is as many lines."""

_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A table for a spreadsheet program, one line for each changed field",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
}


class _Csv(StreamingResponse):
    media_type = "text/csv"


def _search(
    subject: Annotated[str | None, Query(max_length=80, description="Id of what it is about")] = None,
    actor: Annotated[str | None, Query(max_length=200, description="Opaque id of who acted")] = None,
    on_behalf_of: Annotated[
        str | None, Query(max_length=200, description="Opaque id of the person acted for")
    ] = None,
    kind: Annotated[AuditKind | None, Query(description="Left out: all of them")] = None,
    command: Annotated[str | None, Query(max_length=80, description="Only changes by this command")] = None,
    since: Annotated[When | None, Query(description="From this moment on")] = None,
    until: Annotated[When | None, Query(description="Before this moment")] = None,
) -> Search:
    wanted = Wanted(
        subject=subject, actor=actor, on_behalf_of=on_behalf_of, command=command, since=since, until=until
    )
    return Search(wanted, kind)


Wants = Annotated[Search, Depends(_search)]


def audit_router(
    database: Callable[[], Database],
    service: str,
    aggregates: Sequence[str],
    *,
    reserved: Mapping[str, Document] | None = None,
) -> APIRouter:
    """The routes of ``service``; ``database`` is asked at every request.

    ``reserved`` tells by collection how its reserved aggregates are found.
    """
    router = APIRouter(prefix="/v1/audit", tags=["audit"], dependencies=[allow(Action.AUDIT_READ)])

    def trail() -> AuditTrail:
        return AuditTrail(database(), service, aggregates, reserved or {})

    @router.get("", summary="The audit trail")
    async def search_audit(
        request: Request,
        search: Wants,
        after: Annotated[
            str | None, Query(max_length=400, description="The `next` of the page before")
        ] = None,
        limit: Limit = 50,
    ) -> Page[AuditItem]:
        """Changes, refusals and readings, the newest first.

        A change is told field by field, of the whole record: also what is never published. Whoever is shown
        what is reserved is recorded as its reader.
        """
        found = await trail().page(search, after=after, limit=limit)
        await note_reading(request, Action.AUDIT_READ, *await trail().reserved(found.items))
        return Page(items=found.items, next=found.next)

    @router.get("/export", summary="The audit trail as a table", response_class=_Csv, responses=_CSV)
    async def export_audit(request: Request, search: Wants) -> StreamingResponse:
        """All that the same search finds, as CSV (UTF-8) whose cells no spreadsheet program carries out."""
        return await _exported(request, trail(), search, service)

    return router


async def _exported(request: Request, trail: AuditTrail, search: Search, service: str) -> StreamingResponse:
    pages = trail.pages(search, size=AT_ONCE)
    noted: set[str] = set()

    async def lines(items: list[AuditItem]) -> str:
        new = [subject for subject in await trail.reserved(items) if subject not in noted]
        noted.update(new)
        await note_reading(request, Action.AUDIT_READ, *new)
        return csv_lines(row for item in items for row in _rows(item))

    # What goes wrong at once is answered as any error; later only the connection can tell it.
    first = await lines(await anext(pages))

    async def text() -> AsyncIterator[str]:
        yield BOM + csv_lines([COLUMNS]) + first
        async for items in pages:
            yield await lines(items)

    name = f"audit-{service}-{datetime.now(UTC):%Y-%m-%d}.csv"
    return _Csv(text(), headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _rows(item: AuditItem) -> list[list[Any]]:
    told = item.model_dump(mode="json")
    nothing = {"field": None, "before": None, "after": None}
    return [[_cell({**told, **change}[name]) for name in COLUMNS] for change in told["changes"] or [nothing]]


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict | list | bool) else value
