"""Writes the trail: readings before their answer leaves, refusals behind the caller's back."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Final

from prometheus_client import Counter

from shared.store.driver import (
    DUPLICATE,
    BulkWriteError,
    Collection,
    Database,
    Document,
    PyMongoError,
    patience,
)
from shared.store.errors import Unavailable
from shared.store.flood import SUPPRESSED, Flood
from shared.store.trail import AUDIT_ENTRIES, Chain, Entry, prepare_trail

log = logging.getLogger("ponte.trail")

QUEUE: Final = 1000
"""So many refusals wait at most; what comes on top is counted and not kept."""
BATCH: Final = 500
"""Entries of one write, but for a single list of readings that is longer."""
WRITE_S: Final = 5.0
"""A write that takes longer is of unknown fate; the reading that waits for it is answered 503."""
AGAIN_S: Final = 1.0
"""After a write that failed refusals are tried again so much later; a new reading tries at once."""
STOP_S: Final = 2.0
"""What a stop gives to whatever still waits."""

RECORDED: Final = Counter("ponte_audit_entries_total", "Entries of the trail that were stored", ["kind"])


class Trail:
    """The chain of one process. Whatever waits goes with the next write: a group commit.

    Nothing waits for company, and nothing runs while there is nothing to write. Made without I/O; until
    ``open`` refusals wait and readings are refused.
    """

    def __init__(self) -> None:
        self._chain = Chain()
        self._entries: Collection | None = None
        self._flood = Flood(self._enqueue)
        self._refusals: deque[Entry] = deque()
        self._readings: deque[tuple[Sequence[Entry], asyncio.Future[None]]] = deque()
        self._unsure: list[Document] = []
        """Linked, but nobody knows whether stored: they come first, or the chain would have a gap."""
        self._answers: list[asyncio.Future[None]] = []
        """Of the readings that are among them."""
        self._task: asyncio.Task[None] | None = None
        self._later: asyncio.TimerHandle | None = None

    async def open(self, database: Database) -> None:
        """From now on there is a database. Raises where MongoDB is away."""
        await prepare_trail(database)
        self._entries = database[AUDIT_ENTRIES]
        if self._refusals:
            self._wake()

    def note(self, entry: Entry) -> None:
        """Have a refusal stored soon. Returns at once, whatever the database does."""
        if self._flood.lets(entry):
            self._enqueue(entry)

    async def record(self, entries: Sequence[Entry]) -> None:
        """Store readings and return when the majority has them. Raises ``Unavailable`` where that fails."""
        if not entries:
            return
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._readings.append((entries, stored))
        self._wake()
        await stored

    async def stop(self) -> None:
        """Store what still waits, within ``STOP_S``; what is left then is counted."""
        self._flood.tell()
        if self._refusals or self._unsure:
            self._wake()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=STOP_S)
            self._task.cancel()
        self._cancel_retry()
        left = len(self._refusals) + len(self._unsure)
        if left:
            SUPPRESSED.labels("lost").inc(left)
            log.warning("%d entries were not stored in the trail", left)
        self._entries = None

    def _enqueue(self, entry: Entry) -> None:
        if len(self._refusals) >= QUEUE:
            SUPPRESSED.labels("full").inc()
            return
        self._refusals.append(entry)
        if self._later is None:
            self._wake()

    def _wake(self) -> None:
        if self._entries is None:
            self._fail_readings()
        elif self._task is None or self._task.done():
            self._cancel_retry()
            self._task = asyncio.create_task(self._run(self._entries))

    def _cancel_retry(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    async def _run(self, collection: Collection) -> None:
        try:
            await self._store(collection)
            while self._readings or self._refusals:
                self._link_next()
                await self._store(collection)
                for stored in self._answers:
                    if not stored.done():  # else whoever asked has gone
                        stored.set_result(None)
                self._answers = []
        except Exception as error:
            if isinstance(error, PyMongoError | TimeoutError):
                log.warning("the trail waits for mongodb: %s", type(error).__name__)
            else:
                log.exception("the trail could not be written")
            self._fail_readings()
            self._later = asyncio.get_running_loop().call_later(AGAIN_S, self._again)

    def _again(self) -> None:
        self._later = None
        self._wake()

    def _link_next(self) -> None:
        """Link what goes with the next write."""
        while self._readings and len(self._unsure) < BATCH:
            entries, stored = self._readings.popleft()
            self._answers.append(stored)
            self._unsure += [self._chain.link(each) for each in entries]
        while self._refusals and len(self._unsure) < BATCH:
            self._unsure.append(self._chain.link(self._refusals.popleft()))

    async def _store(self, collection: Collection) -> None:
        """Store what was linked, in order; what is there already is done."""
        while self._unsure:
            done = len(self._unsure)
            try:
                with patience(WRITE_S):
                    await collection.insert_many(self._unsure, ordered=True)
            except BulkWriteError as error:
                details = error.details or {}
                first = (details.get("writeErrors") or [{}])[0]
                if details.get("writeConcernErrors") or first.get("code") != DUPLICATE:
                    raise
                done = first["index"] + 1
            for each in self._unsure[:done]:
                RECORDED.labels(each["kind"]).inc()
            del self._unsure[:done]

    def _fail_readings(self) -> None:
        """None of them leaves without its entry."""
        waiting = [*self._answers, *(stored for _, stored in self._readings)]
        self._answers = []
        self._readings.clear()
        for stored in waiting:
            if not stored.done():
                stored.set_exception(Unavailable(field="MongoDB", value=None))
