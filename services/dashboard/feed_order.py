"""How the rows of a generation that is being built come to their numbers."""

from __future__ import annotations

import logging
from contextlib import suppress

from shared.messaging.generations import Generation
from shared.store.driver import Collection, Database, Document, DuplicateKeyError, patience
from shared.store.setup import META

log = logging.getLogger("ponte.dashboard")

NUMBERED: Document = {"number": {"$gt": 0}}
WAITING: Document = {"waiting": True}
NUMBERING_S = 600.0
"""Numbering a million rows takes a minute; it is one call to the server."""
LOOKED_AT = 5000
"""Where more rows wait, it is not looked up whether one belongs between numbered ones: it may well."""
ROUNDS = 3
CUT = "feed-cut"
"""The document of ``meta`` with the highest number of the old feed when the build began."""


async def highest(feed: Collection) -> int:
    """The highest number that a row has; 0: there is none."""
    last = await feed.find_one(NUMBERED, {"number": 1}, sort=[("number", -1)])
    return int(last["number"]) if last else 0


class Order:
    """The numbers in the feed that is called ``name``, which is the one of ``generation``."""

    def __init__(self, database: Database, name: str, generation: Generation) -> None:
        self._database = database
        self._name = name
        self._feed = database[name]
        self._number = generation.number

    async def begin(self, old: str) -> None:
        """Remember how far the collection ``old`` is numbered: once for all replicas."""
        last = await highest(self._database[old])
        with suppress(DuplicateKeyError):  # another replica was first
            await self._database[META].update_one(
                {"_id": CUT, "generation": {"$lt": self._number}},
                {"$set": {"generation": self._number, "number": last}},
                upsert=True,
            )

    async def cut(self) -> int:
        """The highest number of the old feed that may be kept; 0: all rows are numbered anew."""
        told = await self._database[META].find_one({"_id": CUT, "generation": self._number})
        return int(told["number"]) if told else 0

    async def complete(self, old: str) -> int:
        """Number the rows that wait, behind those that have kept their number in the collection ``old``.

        Answers how many rows got a number.
        """
        if await highest(self._feed) <= await self.cut() and await self._misplaced(old):
            log.warning("the old feed's order does not hold: all its rows are numbered anew")
            await self._without_numbers()
        done = await self._number_all()
        for _ in range(ROUNDS):
            if await self._dense():
                break
            # The old feed had what the new one has not; or another replica was at it when it lost its lease.
            # Nobody has read these numbers yet.
            await self._without_numbers()
            done = await self._number_all()
        return done

    async def _misplaced(self, old: str) -> bool:
        """Whether a row that waits belongs between those that have kept the old feed's numbers."""
        newest = await self._feed.find_one(NUMBERED, {"recorded_at": 1}, sort=[("number", -1)])
        if newest is None:
            return False
        found = self._feed.find(WAITING, {"subject": 1, "epoch": 1, "sequence": 1, "recorded_at": 1})
        rows = await found.limit(LOOKED_AT + 1).to_list(length=LOOKED_AT + 1)
        if len(rows) > LOOKED_AT:
            return True
        return await self._before_their_time(rows, newest["recorded_at"], old) or await self._after_later(
            rows
        )

    async def _before_their_time(self, rows: list[Document], newest: object, old: str) -> bool:
        """Whether the old feed never had one of ``rows``, which happened before what it had last."""
        early = [row["_id"] for row in rows if row["recorded_at"] < newest]
        if not early:
            return False
        known = self._database[old].find({"_id": {"$in": early}}, {"_id": 1})
        return len(await known.to_list()) < len(early)

    async def _after_later(self, rows: list[Document]) -> bool:
        """Whether a numbered row comes later in the life of its subject than one of ``rows``."""
        if not rows:
            return False
        first: dict[str, tuple[int, int]] = {}
        for row in rows:
            place = row["epoch"], row["sequence"]
            first[row["subject"]] = min(place, first.get(row["subject"], place))
        answer = await self._database.command(
            {
                "aggregate": self._name,
                "pipeline": [
                    {"$match": {"subject": {"$in": list(first)}, **NUMBERED}},
                    {
                        "$group": {
                            "_id": "$subject",
                            "place": {"$max": {"epoch": "$epoch", "sequence": "$sequence"}},
                        }
                    },
                ],
                "cursor": {"batchSize": LOOKED_AT + 1},
            }
        )
        return any(
            (each["place"]["epoch"], each["place"]["sequence"]) > first[each["_id"]]
            for each in answer["cursor"]["firstBatch"]
        )

    async def _without_numbers(self) -> None:
        # First of all, so that nobody keeps an old number any more.
        await self._database[META].update_one(
            {"_id": CUT, "generation": self._number}, {"$set": {"number": 0}}
        )
        with patience(NUMBERING_S):
            await self._feed.update_many(NUMBERED, {"$unset": {"number": ""}, "$set": {"waiting": True}})

    async def _number_all(self) -> int:
        """One pass over the rows that wait, on the server; a subject's events keep their order."""
        waiting = await self._feed.count_documents(WAITING)
        if not waiting:
            return 0
        start = await highest(self._feed)
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

    async def _dense(self) -> bool:
        with patience(NUMBERING_S):
            return await self._feed.count_documents(NUMBERED) == await highest(self._feed)
