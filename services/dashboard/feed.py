"""The feed as a projection: every event once, under dense numbers, so that whoever asks for more misses none.

A generation that is being built sees events in the order of the owners' journals. Its rows wait without a
number; when all are there, the server numbers them in the order in which they were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from services.dashboard.projections import latest_of
from shared.contracts.base import EventData
from shared.messaging import Received
from shared.messaging.generations import Generation, live_generation
from shared.store.driver import BulkWriteError, Database, Document, UpdateOne, patience
from shared.store.lifting import only_duplicates

FEED = "feed"
Event = Received[EventData]

Arrived = Callable[[Sequence[Document]], None]
"""Is told the rows that were stored under the next numbers; none: there are others, which it may look up."""

NUMBERED: Document = {"number": {"$gt": 0}}
WAITING: Document = {"waiting": True}
NUMBERING_S = 600.0
"""Numbering a million rows takes a minute; it is one call to the server."""
AT_ONCE = 500


class Feed:
    """What happened, in the order in which the dashboard took it in."""

    histories = True

    def __init__(self, database: Database, generation: Generation, arrived: Arrived) -> None:
        self.collections = (FEED + generation.suffix,)
        self._name = self.collections[0]
        self._database = database
        self._feed = database[self._name]
        self._generation = generation
        self._arrived = arrived
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

    async def apply(self, events: Sequence[Event]) -> None:
        """Take in those of ``events`` that are not in the feed yet."""
        rows = list({row["_id"]: row for row in map(_row, events)}.values())
        if self._generation.building:
            await self._collect(rows)
            return
        while rows:
            rows = await self._append(rows)

    async def complete(self, previous: Generation | None) -> int:  # noqa: ARG002 (the old one is known)
        """Number the rows that wait for it; answers how many they were."""
        if not self._generation.building:
            waiting = await self._waiting(AT_ONCE)
            await self._number(waiting)
            return len(waiting)
        done = await self._number_all()
        if not await self._dense():
            # Another replica was at it when it lost its lease. Nobody has read these numbers yet.
            with patience(NUMBERING_S):
                await self._feed.update_many(NUMBERED, {"$unset": {"number": ""}, "$set": {"waiting": True}})
            done = await self._number_all()
        return done

    # The live generation

    async def _append(self, rows: list[Document]) -> list[Document]:
        """Insert under the next numbers; answers the rows that have to be tried again.

        In order and stopping at the first failure, so that no number is ever left out.
        """
        # Known only until something else happens; if it is too low after all, its numbers are taken.
        last, self._last = self._last, None
        if last is None:
            last = await self._highest()
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
            start = await self._highest() + 1
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

    async def _highest(self) -> int:
        last = await self._feed.find_one(NUMBERED, {"number": 1}, sort=[("number", -1)])
        return int(last["number"]) if last else 0

    # A generation that is being built

    async def _collect(self, rows: list[Document]) -> None:
        """Insert without numbers. Who had seen a row before shall not see it as new: it keeps its moment."""
        assert self._old is not None  # ``prepare`` comes first
        places = [row["_id"] for row in rows]
        old = self._database[self._old].find({"_id": {"$in": places}}, {"recorded_at": 1})
        recorded = {row["_id"]: row["recorded_at"] for row in await old.to_list()}
        for row in rows:
            row["recorded_at"] = recorded.get(row["_id"], row["time"])
            row["waiting"] = True
        try:
            await self._feed.insert_many(rows, ordered=False)
        except BulkWriteError as error:
            only_duplicates(error)

    async def _number_all(self) -> int:
        """One pass over the rows that wait, on the server; a subject's events keep their order."""
        waiting = await self._feed.count_documents(WAITING)
        if not waiting:
            return 0
        start = await self._highest()
        in_life = {"epoch": 1, "sequence": 1}
        with patience(NUMBERING_S):
            await self._database.command(
                {
                    "aggregate": self._name,
                    "pipeline": [
                        {"$match": WAITING},
                        {"$project": {"subject": 1, "epoch": 1, "sequence": 1, "recorded_at": 1}},
                        {
                            "$setWindowFields": {
                                "partitionBy": "$subject",
                                "sortBy": in_life,
                                "output": {
                                    "at": {
                                        "$max": "$recorded_at",
                                        "window": {"documents": ["unbounded", "current"]},
                                    }
                                },
                            }
                        },
                        # One key, because a rank takes no more: the moment, then the place in its life.
                        {
                            "$set": {
                                "order": {"a": "$at", "b": "$subject", "c": "$epoch", "d": "$sequence"},
                            }
                        },
                        {
                            "$setWindowFields": {
                                "sortBy": {"order": 1},
                                "output": {"rank": {"$documentNumber": {}}},
                            }
                        },
                        {"$project": {"number": {"$add": ["$rank", start]}}},
                        {
                            "$merge": {
                                "into": self._name,
                                "on": "_id",
                                "whenMatched": [
                                    {
                                        "$set": {
                                            "number": {"$ifNull": ["$number", "$$new.number"]},
                                            "waiting": "$$REMOVE",
                                        }
                                    }
                                ],
                                "whenNotMatched": "discard",
                            }
                        },
                    ],
                    "allowDiskUse": True,
                    "cursor": {},
                    "writeConcern": {"w": "majority", "j": True},
                }
            )
        return waiting

    async def _waiting(self, limit: int) -> list[str]:
        """The places of rows without a number; none ever are in the first generation."""
        if self._generation.number == 1:
            return []
        found = self._feed.find(WAITING, {"recorded_at": 1, "subject": 1, "epoch": 1, "sequence": 1})
        rows = await found.limit(limit).to_list(length=limit)
        rows.sort(key=lambda row: (row["recorded_at"], row["subject"], row["epoch"], row["sequence"]))
        return [row["_id"] for row in rows]

    async def _dense(self) -> bool:
        with patience(NUMBERING_S):
            return await self._feed.count_documents(NUMBERED) == await self._highest()


def _refused_at(error: BulkWriteError) -> tuple[int, bool]:
    """Where an ordered write stopped, and whether it was a number that is taken (else a place)."""
    only_duplicates(error)
    failure = error.details["writeErrors"][0]
    return int(failure["index"]), "number" in failure["keyPattern"]


def _now() -> datetime:
    """In milliseconds, as the store keeps it: an entry is the same whether it was read back or not."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _row(event: Event) -> Document:
    _, _, unit = latest_of(event.data)
    return {
        "_id": f"{event.subject}/{event.epoch}/{event.sequence}",
        "subject": event.subject,
        "epoch": event.epoch,
        "sequence": event.sequence,
        "type": event.type,
        "time": event.time,
        "recorded_at": _now(),
        "unit": unit.value,
        "data": event.data.model_dump(mode="json"),
    }
