"""The register that the pages read, on the projections' collections."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from services.dashboard.projections import FEED, Feed, LatestStates, prepare_views
from services.dashboard.register import FeedEntry
from shared.contracts.agenda import Mission
from shared.contracts.agreements import Agreement
from shared.contracts.base import Contract, Unit
from shared.contracts.dossiers import Candidacy
from shared.contracts.networks import Membership
from shared.messaging import Projection
from shared.store import META, Database, Document
from shared.store.driver import AWAY, ReturnDocument

log = logging.getLogger("ponte.dashboard")

C = TypeVar("C", bound=Contract)

TAIL_S = 0.25
"""Entries of other replicas are found by looking for them so often; our own wake the waiting at once."""


class MongoRegister:
    """Implements ``Register``. ``start`` and ``stop`` run its tail of the feed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrived = asyncio.Event()
        self._moved = asyncio.Condition()
        self._epoch = ""
        self._number = 0
        self._tail: asyncio.Task[None] | None = None

    @property
    def projections(self) -> tuple[Projection, ...]:
        """What the reader has to feed."""
        return LatestStates(self._database), Feed(self._database, self._arrived)

    async def start(self) -> None:
        """Make what is missing in the database and begin to follow the feed."""
        await prepare_views(self._database)
        fresh = secrets.token_hex(4)
        meta = await self._database[META].find_one_and_update(
            {"_id": "feed"},
            {"$setOnInsert": {"epoch": fresh}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert meta is not None  # an upsert that returns the document after it always has one
        self._epoch = meta["epoch"]
        self._number = await self._highest()
        self._tail = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._tail is not None:
            self._tail.cancel()
            with suppress(asyncio.CancelledError):
                await self._tail

    async def missions(self) -> list[Mission]:
        return await self._all("missions", Mission)

    async def agreements(self) -> list[Agreement]:
        return await self._all("agreements", Agreement)

    async def memberships(self) -> list[Membership]:
        return await self._all("memberships", Membership)

    async def candidacies(self) -> list[Candidacy]:
        return await self._all("candidacies", Candidacy)

    async def feed(
        self, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[FeedEntry]:
        query: Document = {}
        if after is not None:
            query["number"] = {"$gt": after}
        elif before is not None:
            query["number"] = {"$lt": before}
        found = self._database[FEED].find(query).sort("number", 1 if after is not None else -1).limit(limit)
        return [self._entry(row) for row in await found.to_list(length=limit)]

    async def head(self) -> tuple[str, int]:
        return self._epoch, self._number

    async def wait(self, after: int, timeout: float) -> int:
        async with self._moved:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait_for(lambda: self._number > after), timeout)
        return self._number

    async def last_visit(self, person: str) -> datetime | None:
        row = await self._database["visits"].find_one({"_id": person})
        return row["at"] if row else None

    async def visited(self, person: str, at: datetime) -> None:
        await self._database["visits"].update_one({"_id": person}, {"$set": {"at": at}}, upsert=True)

    async def _all(self, collection: str, model: type[C]) -> list[C]:
        rows = await self._database[collection].find({}, {"state": 1}).to_list()
        return [model.model_validate(row["state"]) for row in rows]

    async def _highest(self) -> int:
        last = await self._database[FEED].find_one({}, {"number": 1}, sort=[("number", -1)])
        return int(last["number"]) if last else 0

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), TAIL_S)
            self._arrived.clear()
            try:
                number = await self._highest()
            except AWAY as error:
                log.warning("the feed cannot be read: %s", type(error).__name__)
                continue
            if number != self._number:
                self._number = number
                async with self._moved:
                    self._moved.notify_all()

    def _entry(self, row: Document) -> FeedEntry:
        return FeedEntry(
            epoch=self._epoch,
            number=row["number"],
            subject=row["subject"],
            aggregate_epoch=row["epoch"],
            sequence=row["sequence"],
            type=row["type"],
            time=row["time"],
            recorded_at=row["recorded_at"],
            unit=Unit(row["unit"]),
            data=row["data"],
        )
