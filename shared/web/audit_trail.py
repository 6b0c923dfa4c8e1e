"""The pages of an owner's audit trail: changes, refusals and readings in one order, newest first."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from shared.domain.errors import ImpossibleValue
from shared.store.audit_rows import EventPlace, Wanted, changes, place_of
from shared.store.driver import Database, Document
from shared.store.trail import entries
from shared.web.audit_items import AuditItem, AuditKind, of_entry, of_event

EntryPlace = tuple[str, str]
"""Time and id: where a refusal or a reading stands in the order."""
AnyPlace = EventPlace | EntryPlace

_Count = Annotated[int, Field(ge=0, lt=2**63)]
_PLACE: Final[TypeAdapter[AnyPlace]] = TypeAdapter(tuple[str, str, _Count, _Count] | EntryPlace)
"""What a cursor may hold: it comes from outside."""
_AFTER_ALL_IDS: Final = "\uffff"


@dataclass(frozen=True, slots=True)
class Search:
    """What an auditor looks for; ``kind`` null: all three."""

    wanted: Wanted
    kind: AuditKind | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Rows, and the cursor of what follows; null at the end."""

    items: list[AuditItem]
    next: str | None


class AuditTrail:
    """The trail of one service. ``aggregates`` are its collections.

    ``reserved`` tells by collection how its reserved aggregates are found: whoever is shown their rows has
    read them. Of one moment changes come first, so that each row has one place.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        aggregates: Sequence[str],
        reserved: Mapping[str, Document],
    ) -> None:
        self._database = database
        self._service = service
        self._aggregates = aggregates
        self._reserved = reserved

    async def page(self, search: Search, *, after: str | None, limit: int) -> AuditPage:
        """Up to ``limit`` rows. Raises ``ImpossibleValue`` for an ``after`` that is no cursor."""
        place = None if after is None else _read_cursor(after)
        events = await self._events(search, place, limit + 1)
        others = await self._others(search, place, limit + 1)
        rows = [
            *((row["time"], 1, place_of(row), of_event(row, self._service)) for row in events),
            *((row["at"], 0, (row["at"], row["_id"]), of_entry(row, self._service)) for row in others),
        ]
        rows.sort(key=lambda row: row[:3], reverse=True)
        shown = rows[:limit]
        following = _cursor(shown[-1][2]) if len(rows) > limit else None
        return AuditPage([item for *_, item in shown], following)

    async def pages(self, search: Search, *, size: int) -> AsyncIterator[list[AuditItem]]:
        """All of it, page by page."""
        after: str | None = None
        while True:
            page = await self.page(search, after=after, limit=size)
            yield page.items
            after = page.next
            if after is None:
                return

    async def reserved(self, items: Sequence[AuditItem]) -> list[str]:
        """Which of the changed subjects are reserved today, sorted."""
        subjects = sorted({item.subject for item in items if item.kind is AuditKind.CHANGE and item.subject})
        found: list[str] = []
        for collection, rule in self._reserved.items():
            rows = self._database[collection].find({"_id": {"$in": subjects}, **rule}, {"_id": 1})
            found += [row["_id"] for row in await rows.to_list()]
        return sorted(found)

    async def _events(self, search: Search, place: AnyPlace | None, limit: int) -> list[Document]:
        if search.kind not in (None, AuditKind.CHANGE):
            return []
        below = place if place is not None and len(place) == 4 else None
        # An entry's changes of the same moment were before it.
        up_to = place[0] if place is not None and below is None else None
        return await changes(
            self._database, self._aggregates, search.wanted, below=below, up_to=up_to, limit=limit
        )

    async def _others(self, search: Search, place: AnyPlace | None, limit: int) -> list[Document]:
        if search.kind is AuditKind.CHANGE or search.wanted.command is not None:
            return []
        where: dict[str, str] = {**search.wanted.exact(), **search.wanted.bounds()}
        if search.kind is not None:
            where["kind"] = search.kind
        before: EntryPlace | None = None
        if place is not None:
            before = place if len(place) == 2 else (place[0], _AFTER_ALL_IDS)
        return await entries(self._database, where, before=before, limit=limit)


def _cursor(place: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def _read_cursor(text: str) -> AnyPlace:
    try:
        return _PLACE.validate_json(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), strict=True)
    except (ValidationError, ValueError, binascii.Error):
        raise ImpossibleValue(
            field="after",
            value=text,
            en="it has to be the `next` of a page",
            it="deve essere il `next` di una pagina",
        ) from None
