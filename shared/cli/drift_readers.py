"""A reader against the owners that it follows: marks, latest states, and rows of what happened."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from shared.cli.drift import (
    AGGREGATE_FIELDS,
    LOOK_S,
    PATIENCE_S,
    Finding,
    Owner,
    Place,
    Progress,
    Reader,
    place_of,
    published_place,
    shown,
    young,
)
from shared.cli.merging import Source, side_by_side
from shared.messaging.inbox import MARK_FIELDS, mark_of
from shared.store.setup import JOURNAL

if TYPE_CHECKING:
    from shared.store.driver import Collection, Document

Span = tuple[Place, Place]
"""Of a reader: up to where something was surely read, and up to where nothing is missing: between lie dead
letters. Of an owner: up to where all was surely published, and up to where it stands: what lies between waits
in the outbox, or has been published and perhaps read already and is about to leave it.
"""
_NOWHERE: Span = ((0, 0), (0, 0))


class Marked:
    """Collections of one reader with a place per subject, against where the owners' aggregates stand."""

    def __init__(
        self,
        reader: Reader,
        what: str,
        collections: "Sequence[Collection]",
        owners: Sequence[Owner],
        *,
        field: str = "",
        selected: Sequence[str] = (),
    ) -> None:
        self.name = f"{reader.name}: {what}"
        self._field = field
        # A latest state does not tell its topic; a mark may be of an owner that is not installed here.
        self._where = {} if field else {"topic": {"$in": [owner.role.topic for owner in owners]}}
        self._fresh: set[str] = set()
        self._collections = tuple(collections)
        self._aggregates = tuple(
            owner.database[name]
            for owner in owners
            for name in owner.role.aggregates
            if not selected or name in selected
        )

    async def total(self) -> int:
        """As ``Part`` tells."""
        return sum([await each.count_documents({}) for each in self._aggregates])

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """As ``Part`` tells."""
        fields = [self._field] if self._field else MARK_FIELDS
        sources = [
            *(Source(each, AGGREGATE_FIELDS) for each in self._aggregates),
            *(Source(each, fields, self._where) for each in self._collections),
        ]
        async for stretch in side_by_side(sources, after):
            count = len(self._aggregates)
            due = {s: _owned(row) for rows in stretch.rows[:count] for s, row in rows.items()}
            there = {s: self._span(row) for rows in stretch.rows[count:] for s, row in rows.items()}
            suspects = []
            for subject in sorted(due.keys() | there.keys()):
                read, nothing_missing = there.get(subject, _NOWHERE)
                published, stands = due.get(subject, _NOWHERE)
                if read > stands or nothing_missing < published:
                    suspects.append(subject)
            yield Progress(len(due), stretch.upto, await self._look_again(suspects) if suspects else [])

    async def _look_again(self, suspects: Sequence[str]) -> list[Finding]:
        """What was published before the look has to be there after a while; what is there, stored."""
        there = await self._there(suspects)
        due = await self._due(suspects)
        fresh = set(self._fresh)
        ahead = {s: read for s, (read, _) in there.items() if read > due.get(s, _NOWHERE)[1]}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            there = await self._there(suspects)
            behind = [s for s in suspects if there.get(s, _NOWHERE)[1] < due.get(s, _NOWHERE)[0]]
            if not fresh.intersection(behind) or time.monotonic() > deadline:
                break
            await asyncio.sleep(LOOK_S)
        found = [
            Finding(
                self.name,
                s,
                shown(due[s][0]),
                f"stands at {shown(there[s][1])}" if s in there else "is not there",
            )
            for s in behind
        ]
        if ahead:
            owned = await self._due(list(ahead))
            found += [
                Finding(
                    self.name,
                    s,
                    shown(place),
                    f"the owner stands at {shown(owned[s][1])}"
                    if s in owned
                    else "its owner has no such aggregate",
                )
                for s, place in ahead.items()
                if place > owned.get(s, _NOWHERE)[1]
            ]
        return found

    async def _there(self, subjects: Sequence[str]) -> dict[str, Span]:
        found: dict[str, Span] = {}
        for each in self._collections:
            rows = await each.find({"_id": {"$in": list(subjects)}}).to_list()
            found.update((row["_id"], self._span(row)) for row in rows)
        return found

    async def _due(self, subjects: Sequence[str]) -> dict[str, Span]:
        found: dict[str, Span] = {}
        self._fresh = set()
        for each in self._aggregates:
            fields = dict.fromkeys(AGGREGATE_FIELDS, 1)
            rows = await each.find({"_id": {"$in": list(subjects)}}, fields).to_list()
            found.update((row["_id"], _owned(row)) for row in rows)
            self._fresh |= {row["_id"] for row in rows if young(row["updated_at"])}
        return found

    def _span(self, row: "Document") -> Span:
        if self._field:
            place = place_of(row[self._field])
            return place, place
        mark = mark_of(row)
        return mark.sure, mark.place


def _owned(aggregate: "Document") -> Span:
    return published_place(aggregate), place_of(aggregate)


class Histories:
    """A collection with a row per event, against the journals; its rows are numbered without a gap."""

    def __init__(self, reader: Reader, name: str, owners: Sequence[Owner]) -> None:
        self.name = f"{reader.name}: {name}"
        self._rows = reader.database[name + reader.suffix]
        self._journals = tuple(owner.database[JOURNAL] for owner in owners)
        passed_over = list(reader.role.passed_over)
        self._where = {"type": {"$nin": passed_over}} if passed_over else {}

    async def total(self) -> int:
        """As ``Part`` tells."""
        return sum([await each.count_documents(self._where) for each in self._journals])

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """As ``Part`` tells."""
        sources = [
            Source(self._rows, ("number",)),
            *(Source(each, (), self._where) for each in self._journals),
        ]
        async for stretch in side_by_side(sources, after):
            rows, *journals = stretch.rows
            events = {place for journal in journals for place in journal}
            findings = [
                *await self._missing(sorted(events - rows.keys())),
                *await self._foreign(sorted(rows.keys() - events)),
                *await self._unnumbered([place for place, row in rows.items() if not row.get("number")]),
            ]
            yield Progress(len(events), stretch.upto, findings)
        yield Progress(0, None, await self._gaps())

    async def _missing(self, places: Sequence[str]) -> list[Finding]:
        left = await _until_none(places, self._in_rows, self._journals)
        return [self._finding(place, "is in the journal and has no row") for place in left]

    async def _foreign(self, places: Sequence[str]) -> list[Finding]:
        left = await _until_none(places, self._in_journals, [self._rows])
        return [self._finding(place, "has a row and is in no journal") for place in left]

    async def _unnumbered(self, places: Sequence[str]) -> list[Finding]:
        left = await _until_none(places, self._numbered, [self._rows])
        return [self._finding(place, "has a row without a number") for place in left]

    async def _in_rows(self, places: Sequence[str]) -> set[str]:
        return await _known(self._rows, places)

    async def _in_journals(self, places: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for each in self._journals:
            found |= await _known(each, places)
        return found

    async def _numbered(self, places: Sequence[str]) -> set[str]:
        rows = await self._rows.find({"_id": {"$in": list(places)}}, {"number": 1}).to_list()
        return {row["_id"] for row in rows if row.get("number")}

    async def _gaps(self) -> list[Finding]:
        """As many rows as the highest number says; more may come while they are counted."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            last = await self._rows.find_one({"number": {"$gt": 0}}, {"number": 1}, sort=[("number", -1)])
            highest = last["number"] if last else 0
            count = await self._rows.count_documents({"number": {"$gt": 0, "$lte": highest}})
            if count == highest:
                return []
            if time.monotonic() > deadline:
                what = f"{count} rows are numbered up to {highest}"
                return [Finding(self.name, "rows", str(highest), what)]
            await asyncio.sleep(LOOK_S)

    def _finding(self, place: str, what: str) -> Finding:
        subject, epoch, sequence = place.rsplit("/", 2)
        return Finding(self.name, subject, f"{epoch}/{sequence}", what)


async def _until_none(
    places: Sequence[str],
    known: Callable[[Sequence[str]], Awaitable[set[str]]],
    tell_time: "Sequence[Collection]",
) -> list[str]:
    """Those of ``places`` that ``known`` does not answer, for young ones after a while."""
    left = list(places)
    deadline = time.monotonic() + PATIENCE_S
    while left:
        found = await known(left)
        left = [place for place in left if place not in found]
        if time.monotonic() > deadline or not await _any_young(left, tell_time):
            break
        await asyncio.sleep(LOOK_S)
    return left


async def _any_young(places: Sequence[str], collections: "Sequence[Collection]") -> bool:
    for each in collections:
        rows = await each.find({"_id": {"$in": list(places)}}, {"time": 1}).to_list()
        if any(young(row["time"]) for row in rows):
            return True
    return False


async def _known(collection: "Collection", places: Sequence[str]) -> set[str]:
    rows = await collection.find({"_id": {"$in": list(places)}}, {"_id": 1}).to_list()
    return {row["_id"] for row in rows}
