"""An owner against itself: aggregates against their journal, its chain, and outboxes that nobody empties."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

from shared.cli.drift import (
    AGGREGATE_FIELDS,
    OUTBOX_FIELDS,
    PATIENCE_S,
    Finding,
    Owner,
    Progress,
    place_of,
    published_place,
    shown,
    young,
)
from shared.cli.merging import Source, side_by_side
from shared.store.setup import JOURNAL

if TYPE_CHECKING:
    from shared.store.driver import Document

_STRETCH: Final = 200
_ORDER: Final = [("subject", 1), ("epoch", 1), ("sequence", 1)]


class Journals:
    """Every aggregate against the journal: the whole chain of its events, up to where it stands."""

    def __init__(self, owner: Owner) -> None:
        self.name = f"{owner.name}: journal"
        self._owner = owner
        self._journal = owner.database[JOURNAL]

    async def total(self) -> int:
        """As ``Part`` tells."""
        return sum(
            [await self._owner.database[name].count_documents({}) for name in self._owner.role.aggregates]
        )

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """By subject. Events of a subject that has no aggregate belong to the stretch in which they lie."""
        sources = [
            Source(self._owner.database[name], AGGREGATE_FIELDS) for name in self._owner.role.aggregates
        ]
        async for stretch in side_by_side(sources, after, limit=_STRETCH):
            aggregates = {subject: row for rows in stretch.rows for subject, row in rows.items()}
            suspects = await self._suspects(aggregates, after, stretch.upto)
            findings = [found for subject in suspects if (found := await self._look_again(subject))]
            yield Progress(len(aggregates), stretch.upto, findings)
            after = stretch.upto or after

    async def _suspects(self, aggregates: "dict[str, Document]", after: str, upto: str | None) -> list[str]:
        bounds = {"$gt": after} if upto is None else {"$gt": after, "$lte": upto}
        left, suspects = dict(aggregates), []
        subject, events = "", _Chain()

        def end() -> None:
            aggregate = left.pop(subject, None)
            if subject and (aggregate is None or events.fault(aggregate)):
                suspects.append(subject)

        async for event in self._journal.find({"subject": bounds}).sort(_ORDER).batch_size(500):
            if event["subject"] != subject:
                end()
                subject, events = event["subject"], _Chain()
            events.add(event)
        end()
        return [*suspects, *(name for name, row in left.items() if _Chain().fault(row))]

    async def _look_again(self, subject: str) -> Finding | None:
        """The journal's end first, then the aggregate, then the journal up to there: each can only grow."""
        last = await self._journal.find_one({"subject": subject}, sort=[("epoch", -1), ("sequence", -1)])
        aggregate = await self._aggregate(subject)
        chain = _Chain()
        if aggregate is None:
            if last is None:
                return None
            return self._finding(subject, shown(place_of(last)), "has events in the journal but no aggregate")
        if last is not None and place_of(last) > place_of(aggregate):
            what = f"the journal is ahead of the aggregate, which stands at {shown(place_of(aggregate))}"
            return self._finding(subject, shown(place_of(last)), what)
        async for event in self._journal.find({"subject": subject}).sort(_ORDER):
            if place_of(event) <= published_place(aggregate):
                chain.add(event)
        fault = chain.fault(aggregate)
        return self._finding(subject, *fault) if fault else None

    async def _aggregate(self, subject: str) -> "Document | None":
        fields = dict.fromkeys(AGGREGATE_FIELDS, 1)
        for name in self._owner.role.aggregates:
            found = await self._owner.database[name].find_one({"_id": subject}, fields)
            if found is not None:
                return found
        return None

    def _finding(self, subject: str, place: str, what: str) -> Finding:
        return Finding(self.name, subject, place, what)


class _Chain:
    """The events of one subject, in order; only the last hash is kept."""

    def __init__(self) -> None:
        from shared.store.events import GENESIS

        self._place = (0, 0)
        self._hash = GENESIS
        self._fault: tuple[str, str] | None = None

    def add(self, event: "Document") -> None:
        from shared.store.events import verify_chain

        place = place_of(event)
        if self._fault is None:
            if event["sequence"] != self._place[1] + 1:
                self._fault = shown(place), f"follows {shown(self._place)} in the journal: events are missing"
            elif verify_chain([event], previous=self._hash) is not None:
                self._fault = shown(place), "its hash does not follow from the event before it"
        self._place, self._hash = place, event["hash"]

    def fault(self, aggregate: "Document") -> tuple[str, str] | None:
        """What is wrong with this chain as that of ``aggregate``: where, and what."""
        if self._fault is not None:
            return self._fault
        waiting = aggregate.get("outbox") or []
        due = published_place(aggregate)
        if self._place != due:
            return shown(due), f"the journal ends at {shown(self._place)}"
        head = waiting[0]["previous"] if waiting else aggregate["head_hash"]
        if due != (0, 0) and head != self._hash:
            return shown(due), "the aggregate's head hash is not that of its last event"
        return None


class Outboxes:
    """Events that were accepted a while ago and have not been published."""

    def __init__(self, owner: Owner) -> None:
        self.name = f"{owner.name}: outboxes"
        self._owner = owner

    async def total(self) -> int:
        """As ``Part`` tells."""
        return 0

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """As ``Part`` tells."""
        where = {"outbox._id": {"$gt": ""}}
        sources = [
            Source(self._owner.database[name], OUTBOX_FIELDS, where) for name in self._owner.role.aggregates
        ]
        async for stretch in side_by_side(sources, after):
            old = {
                s: row
                for rows in stretch.rows
                for s, row in rows.items()
                if not young(row["outbox"][0]["time"])
            }
            yield Progress(0, stretch.upto, await self._still(old) if old else [])

    async def _still(self, old: "dict[str, Document]") -> Sequence[Finding]:
        await asyncio.sleep(PATIENCE_S)
        found: list[Finding] = []
        for name in self._owner.role.aggregates:
            rows = await (
                self._owner.database[name]
                .find({"_id": {"$in": list(old)}, "outbox._id": {"$gt": ""}}, dict.fromkeys(OUTBOX_FIELDS, 1))
                .to_list()
            )
            found += [
                Finding(
                    self.name,
                    row["_id"],
                    row["outbox"][0]["_id"].partition("/")[2],
                    f"has waited in the outbox since {row['outbox'][0]['time']}",
                )
                for row in rows
                if row["outbox"][0]["_id"] == old[row["_id"]]["outbox"][0]["_id"]
            ]
        return found
