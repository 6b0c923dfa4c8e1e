"""The feed as a projection: every event once, under dense numbers, so that whoever asks for more misses none.

A generation that is being built sees events in the order of the owners' journals. What the old feed had when
the build began keeps its number there; other rows wait without one until all are there, and follow. Where the
old numbers leave a gap, or are not in the order of a subject's life, all rows are numbered anew, in the order
in which they were recorded (`feed_order.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from services.dashboard.feed_order import NUMBERED, WAITING, Order, highest
from services.dashboard.narrowing import Narrowing
from services.dashboard.projections import latest_of
from shared.contracts import substitutions
from shared.contracts.base import EventData
from shared.messaging import Received
from shared.messaging.generations import Generation, live_generation
from shared.store.driver import BulkWriteError, Database, Document, UpdateOne
from shared.store.events import event_key
from shared.store.lifting import only_duplicates

FEED = "feed"
Event = Received[EventData]

Arrived = Callable[[Sequence[Document]], None]
"""Is told the rows that were stored under the next numbers; none: there are others, which it may look up."""

AT_ONCE = 500

PASSED_OVER = tuple(model.TYPE for model in substitutions.EVENTS)
"""Who acts for whom is the office's own affair, and no news for everybody who may read the feed."""


class Feed:
    """What happened, in the order in which the dashboard took it in."""

    histories = True
    passed_over = PASSED_OVER

    def __init__(self, database: Database, generation: Generation, arrived: Arrived) -> None:
        self.collections = (FEED + generation.suffix,)
        self._name = self.collections[0]
        self._database = database
        self._feed = database[self._name]
        self._generation = generation
        self._arrived = arrived
        self._narrowing = Narrowing(database, self._feed)
        self._order = Order(database, self._name, generation)
        self._last: int | None = None
        self._old: str | None = None

    async def prepare(self) -> None:
        """Make the indexes: each number once, each event once (its ``_id`` is its place)."""
        if self._generation.number == 1:
            await self._feed.create_index([("number", 1)], name="number", unique=True)
            return
        await self._feed.create_index(
            [("number", 1)], name="number", unique=True, partialFilterExpression=NUMBERED
        )
        await self._feed.create_index([("waiting", 1)], name="waiting", partialFilterExpression=WAITING)
        if self._generation.building:
            # Nothing else can become live before this generation does, or is given up.
            self._old = FEED + (await live_generation(self._database)).suffix
            await self._order.begin(self._old)

    async def apply(self, events: Sequence[Event]) -> None:
        """Take in those of ``events`` that are not in the feed yet."""
        events = [event for event in events if event.type not in PASSED_OVER]
        rows = list({row["_id"]: row for row in map(_row, events)}.values())
        await self._narrowing.before(events, rows)
        if self._generation.building:
            await self._collect(rows, {_place(event): _place_before(event) for event in events})
        else:
            left = rows
            while left:
                left = await self._append(left)
        await self._narrowing.after(rows)

    async def complete(self, previous: Generation | None) -> int:  # noqa: ARG002 (the old one is known)
        """Number the rows that wait for it; answers how many they were."""
        if self._generation.building:
            assert self._old is not None  # ``prepare`` comes first
            return await self._order.complete(self._old)
        waiting = await self._waiting(AT_ONCE)
        await self._number(waiting)
        return len(waiting)

    # The live generation

    async def _append(self, rows: list[Document]) -> list[Document]:
        """Insert under the next numbers; answers the rows that have to be tried again.

        In order and stopping at the first failure, so that no number is ever left out.
        """
        # Known only until something else happens; if it is too low after all, its numbers are taken.
        last, self._last = self._last, None
        if last is None:
            last = await highest(self._feed)
        for number, row in enumerate(rows, start=last + 1):
            row["number"] = number
        try:
            await self._feed.insert_many(rows, ordered=True)
        except BulkWriteError as error:
            left = await self._unknown(rows[_refused_at(error)[0] :])
            self._arrived(())
            return left
        self._last = last + len(rows)
        self._arrived(rows)
        return []

    async def _unknown(self, rows: list[Document]) -> list[Document]:
        """Those of ``rows`` that are not in the feed. What is there without a number is given one."""
        found = await self._feed.find({"_id": {"$in": [row["_id"] for row in rows]}}, {"number": 1}).to_list()
        known = {row["_id"]: row.get("number") for row in found}
        await self._number([row["_id"] for row in rows if row["_id"] in known and not known[row["_id"]]])
        return [row for row in rows if row["_id"] not in known]

    async def _number(self, places: Sequence[str]) -> None:
        """Give rows that wait the next numbers, in order and without leaving one out.

        The upsert never inserts: for a row that has been numbered meanwhile its ``_id`` is taken, which ends
        the bulk there before the number is used up.
        """
        while places:
            start = await highest(self._feed) + 1
            try:
                await self._feed.bulk_write(
                    [
                        UpdateOne(
                            {"_id": place, "number": {"$exists": False}},
                            {"$set": {"number": number}, "$unset": {"waiting": ""}},
                            upsert=True,
                        )
                        for number, place in enumerate(places, start=start)
                    ],
                    ordered=True,
                )
                self._arrived(())
                return
            except BulkWriteError as error:
                index, taken_number = _refused_at(error)
                places = places[index + (0 if taken_number else 1) :]

    # A generation that is being built

    async def _collect(self, rows: list[Document], before: Mapping[str, str]) -> None:
        """Insert with the old feed's numbers, or to wait for one.

        Who had seen a row before shall not see it as new: it keeps its moment. ``before`` names the event
        before each row in its subject's life.
        """
        assert self._old is not None  # ``prepare`` comes first
        last = await self._order.cut()
        places = list({row["_id"] for row in rows} | set(before.values()))
        found = self._database[self._old].find({"_id": {"$in": places}}, {"recorded_at": 1, "number": 1})
        old = {row["_id"]: (row["recorded_at"], row.get("number", 0)) for row in await found.to_list()}
        for row in rows:
            row["recorded_at"], number = old.get(row["_id"], (row["time"], 0))
            earlier = old.get(before[row["_id"]], (None, 0))[1]
            if earlier < number <= last:
                row["number"] = number
            else:
                row["waiting"] = True
        await self._insert(rows)

    async def _insert(self, rows: Sequence[Document]) -> None:
        try:
            await self._feed.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            only_duplicates(error)
            refused = error.details["writeErrors"]
            taken = [rows[each["index"]] for each in refused if "number" in each["keyPattern"]]
            for row in taken:
                # Another row has that number: the old feed was changed. If this one is there, it stays out.
                del row["number"]
                row["waiting"] = True
            if taken:
                await self._insert(taken)

    async def _waiting(self, limit: int) -> list[str]:
        """The places of rows without a number; none ever are in the first generation."""
        if self._generation.number == 1:
            return []
        found = self._feed.find(WAITING, {"recorded_at": 1, "subject": 1, "epoch": 1, "sequence": 1})
        rows = await found.limit(limit).to_list(length=limit)
        rows.sort(key=lambda row: (row["recorded_at"], row["subject"], row["epoch"], row["sequence"]))
        return [row["_id"] for row in rows]


def _refused_at(error: BulkWriteError) -> tuple[int, bool]:
    """Where an ordered write stopped, and whether it was a number that is taken (else a place)."""
    only_duplicates(error)
    failure = error.details["writeErrors"][0]
    return int(failure["index"]), "number" in failure["keyPattern"]


def _now() -> datetime:
    """In milliseconds, as the store keeps it: an entry is the same whether it was read back or not."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _place(event: Event) -> str:
    return event_key(event.subject, event.epoch, event.sequence)


def _place_before(event: Event) -> str:
    """A place that no event has, where it is the subject's first."""
    return event_key(event.subject, event.previous_epoch or event.epoch, event.sequence - 1)


def _row(event: Event) -> Document:
    _, _, unit = latest_of(event.data)
    return {
        "_id": _place(event),
        "subject": event.subject,
        "epoch": event.epoch,
        "sequence": event.sequence,
        "type": event.type,
        "time": event.time,
        "recorded_at": _now(),
        "unit": unit.value,
        "data": event.data.model_dump(mode="json"),
    }
