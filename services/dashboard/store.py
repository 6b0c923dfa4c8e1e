"""The register that the pages read, on the collections of the live generation of views."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import TypeVar

from services.dashboard.feed import FEED, Feed
from services.dashboard.feed_order import NUMBERED
from services.dashboard.projections import LatestStates
from services.dashboard.register import FeedEntry
from shared.acting import SubstitutionsView
from shared.contracts.agenda import Mission
from shared.contracts.agreements import Agreement
from shared.contracts.base import Contract, Unit
from shared.contracts.dossiers import Candidacy
from shared.contracts.networks import Membership
from shared.messaging import Projection
from shared.messaging.generations import Generation, live_generation
from shared.privacy.sweeping import narrowed_count
from shared.store import META, Database, Document
from shared.store.driver import AWAY, ReturnDocument

log = logging.getLogger("ponte.dashboard")

C = TypeVar("C", bound=Contract)

TAIL_S = 0.25
"""Entries of other replicas are found by looking for them so often; our own wake the waiting at once."""
FRESH = 1000
"""Entries that this process has stored itself and need not read back."""
SETTLE_S = 3.0
"""After a switch the last rows of the new feed are being numbered; for so long the old one may be shown."""
NARROWED_S = 5.0
"""Open pages begin anew at most so often while people are being erased."""
STALE_S = 5.0
"""Who has not looked for so long (a process that was stopped) looks for a switch before it reads."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The generation that is read, with the feed's epoch in it and its highest number."""

    generation: Generation
    epoch: str
    number: int


class MongoRegister:
    """Implements ``Register``. ``start`` and ``stop`` run its tail of the feed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrived = asyncio.Event()
        self._moved = asyncio.Event()
        self._fresh: deque[FeedEntry] = deque(maxlen=FRESH)
        self._feeds = ""
        self._narrowed = 0
        self._told_at = float("-inf")
        self._here = _Place(Generation(1), "", 0)
        self._looked_at = 0.0
        self._switched_at: float | None = None
        self._looking = asyncio.Lock()
        self._tail: asyncio.Task[None] | None = None

    def views(self, generation: Generation) -> Sequence[Projection]:
        """What the reader has to feed."""
        return (
            LatestStates(self._database, generation),
            Feed(self._database, generation, partial(self._stored, generation)),
            SubstitutionsView(self._database, generation),
        )

    async def start(self) -> None:
        """Find the live generation and begin to follow its feed."""
        fresh = secrets.token_hex(4)
        meta = await self._database[META].find_one_and_update(
            {"_id": "feed"},
            {"$setOnInsert": {"epoch": fresh}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        assert meta is not None  # an upsert that returns the document after it always has one
        self._feeds = meta["epoch"]
        await self._look()
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
        here = await self._current()
        number: Document = dict(NUMBERED["number"])
        if after is not None:
            if self._fresh and self._fresh[0].number <= after + 1:
                begin = after + 1 - self._fresh[0].number
                return list(islice(self._fresh, begin, begin + limit))
            number["$gt"] = max(after, 0)
        elif before is not None:
            number["$lt"] = before
        found = self._database[FEED + here.generation.suffix].find({"number": number})
        rows = found.sort("number", 1 if after is not None else -1).limit(limit)
        return [_entry(row, here.epoch) for row in await rows.to_list(length=limit)]

    async def head(self) -> tuple[str, int]:
        return self._here.epoch, self._here.number

    async def wait(self, after: int, timeout: float) -> int:
        if self._here.number <= after:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), timeout)
        return self._here.number

    async def last_visit(self, person: str) -> datetime | None:
        row = await self._database["visits"].find_one({"_id": person})
        return row["at"] if row else None

    async def visited(self, person: str, at: datetime) -> None:
        await self._database["visits"].update_one({"_id": person}, {"$set": {"at": at}}, upsert=True)

    async def _all(self, collection: str, model: type[C]) -> list[C]:
        here = await self._current()
        rows = await self._database[collection + here.generation.suffix].find({}, {"state": 1}).to_list()
        return [model.model_validate(row["state"]) for row in rows]

    async def _current(self) -> _Place:
        """Where to read: an old generation is dropped a while after the switch, and must not be read then."""
        if time.monotonic() - self._looked_at > STALE_S:
            await self._look()
        return self._here

    async def _look(self) -> None:
        """Find the live generation and how far its feed goes; wakes who waits where that has changed."""
        async with self._looking:
            looked_at = time.monotonic()
            await self._forget_what_was_narrowed(looked_at)
            here = await self._place(await live_generation(self._database))
            if here.epoch != self._here.epoch and self._here.epoch:
                if self._settles(here, looked_at):
                    here = await self._place(self._here.generation)
                elif here.generation.number != self._here.generation.number:
                    log.warning("the pages are now read from generation %d", here.generation.number)
            else:
                self._switched_at = None
            self._looked_at = looked_at
            # What this process stored while it looked is further than what it saw.
            if here.epoch == self._here.epoch and here.number <= self._here.number:
                return
            self._here = here
            self._fresh.clear()
        self._tell()

    async def _forget_what_was_narrowed(self, now: float) -> None:
        """Rows have lost something to an erasure: pages begin anew, as with another feed, but not at each."""
        count = await narrowed_count(self._database)
        if count != self._narrowed and now - self._told_at > NARROWED_S:
            self._narrowed, self._told_at = count, now
        elif count != self._narrowed:
            self._fresh.clear()

    def _stored(self, generation: Generation, rows: Sequence[Document]) -> None:
        """Show what this process has just put into the feed, if it follows on what is known."""
        here = self._here
        if not rows or generation.number != here.generation.number or rows[0]["number"] != here.number + 1:
            self._arrived.set()
            return
        self._fresh.extend(_entry(row, here.epoch) for row in rows)
        self._here = replace(here, number=rows[-1]["number"])
        self._tell()

    def _tell(self) -> None:
        """Wake who waits; whoever waits next gets a fresh event."""
        told, self._moved = self._moved, asyncio.Event()
        told.set()

    async def _place(self, generation: Generation) -> _Place:
        feed = self._database[FEED + generation.suffix]
        last = await feed.find_one(NUMBERED, {"number": 1}, sort=[("number", -1)])
        epoch = _epoch(self._feeds, generation, self._narrowed)
        return _Place(generation, epoch, int(last["number"]) if last else 0)

    def _settles(self, new: _Place, now: float) -> bool:
        """Whether the new feed does not show all that the old one does, although it will in a moment."""
        if self._switched_at is None:
            self._switched_at = now
        fresh = now - self._looked_at < STALE_S and now - self._switched_at < SETTLE_S
        return fresh and new.number < self._here.number

    async def _follow(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), TAIL_S)
            self._arrived.clear()
            try:
                await self._look()
            except AWAY as error:
                log.warning("the feed cannot be read: %s", type(error).__name__)


def _epoch(feeds: str, generation: Generation, narrowed: int) -> str:
    """The feed's epoch: numbers of one generation mean nothing in another, nor rows before an erasure."""
    epoch = feeds if generation.number == 1 else f"{feeds}-{generation.number}"
    return f"{epoch}-n{narrowed}" if narrowed else epoch


def _entry(row: Document, epoch: str) -> FeedEntry:
    return FeedEntry(
        epoch=epoch,
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
