"""From the outbox to Kafka and the journal.

A claim is a token with the server's time in the aggregate's own document. The command's write usually
carries it, so that publishing begins at once; the poll claims whatever is left over. Events leave the outbox
only when Kafka *and* the journal have acknowledged them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.messaging.handover import HandOvers
from shared.messaging.metrics import OUTBOX_DEPTH, OUTBOX_OLDEST, TAKEN_OVER
from shared.messaging.producer import Producer
from shared.messaging.tasks import end
from shared.store.driver import AWAY, Database, Document, ReturnDocument
from shared.store.setup import WAITING

log = logging.getLogger("ponte.relay")

LEASE_S = 3.0
"""So late is an event whose replica died right after its write."""
POLL_S = 0.25
SWEEP = 500
TAKE_OVERS_AT_ONCE = 16
MOST_LANES = 2000
"""Aggregates whose events are under way at once before the poll claims more."""


class Relay(HandOvers):
    """Publishes the outboxes of one service. Many replicas may relay at once."""

    def __init__(
        self,
        database: Database,
        collections: Sequence[str],
        topic: str,
        producer: Producer,
        **told: Callable[[Any], None],
    ) -> None:
        super().__init__(database, topic, producer, **told)
        self._collections = tuple(collections)
        self._poller: asyncio.Task[None] | None = None
        self.last_poll = time.monotonic()

    async def start(self) -> None:
        self._poller = asyncio.create_task(self._poll_for_ever())

    async def stop(self, timeout: float = 5.0) -> None:
        """Let what is under way finish, within ``timeout`` seconds; the rest stays in the outboxes."""
        await end(self._poller)
        await self.finish(timeout)

    async def _poll_for_ever(self) -> None:
        while True:
            try:
                await self.poll()
            except AWAY as error:
                log.warning("the outboxes cannot be read: %r", error)
            except Exception:
                log.exception("the poll of the outboxes failed")
            self.last_poll = time.monotonic()
            await asyncio.sleep(POLL_S)

    async def poll(self) -> None:
        """Claim and publish what no living claim covers. Polling is the truth for everything left over."""
        depth = 0
        oldest = ""
        for collection in self._collections:
            after = ""
            known: set[str] = set()
            while True:
                rows = await self._waiting(collection, after)
                # One with several events may come on two pages.
                fresh = [row for row in rows if row["outbox"] and row["_id"] not in known]
                known.update(row["_id"] for row in fresh)
                first = min((row["outbox"][0]["time"] for row in fresh), default="")
                oldest = min(filter(None, (oldest, first)), default="")
                await self._take_over_all(collection, [row["_id"] for row in fresh])
                self.last_poll = time.monotonic()
                if len(rows) < SWEEP:
                    break
                after = max(row["outbox"][-1]["_id"] for row in rows if row["outbox"])
            depth += len(known)
        OUTBOX_DEPTH.set(depth)
        age = (datetime.now(UTC) - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0
        OUTBOX_OLDEST.set(age)

    async def _waiting(self, collection: str, after: str) -> list[Document]:
        """A page of the documents that have events waiting, in the order of the index."""
        shown = {"_id": 1, "outbox._id": 1, "outbox.time": 1}
        found = self._database[collection].find({"outbox._id": {"$gt": after}}, shown)
        return await found.hint(WAITING).limit(SWEEP).to_list(length=SWEEP)

    async def _take_over_all(self, collection: str, subjects: Sequence[str]) -> None:
        left = [subject for subject in subjects if subject not in self._lanes]
        if not self._producer.connected:
            # One finds out whether Kafka is there; for the others to try as well would only be load.
            left = left[:1]
        for start in range(0, len(left), TAKE_OVERS_AT_ONCE):
            while len(self._lanes) >= MOST_LANES:
                await asyncio.sleep(0.01)
            some = left[start : start + TAKE_OVERS_AT_ONCE]
            await asyncio.gather(*(self._take_over(collection, subject) for subject in some))

    async def _take_over(self, collection: str, subject: str) -> None:
        """Claim by the server's clock; ours may be wrong. A lane of our own has nothing to claim."""
        document = await self._database[collection].find_one_and_update(
            {
                "_id": subject,
                "outbox._id": {"$gt": ""},
                "$or": [
                    {"claim.token": self.token},
                    {"claim": {"$exists": False}},
                    {"$expr": {"$lt": ["$claim.at", {"$subtract": ["$$NOW", int(LEASE_S * 1000)]}]}},
                ],
            },
            {"$set": {"claim.token": self.token}, "$currentDate": {"claim.at": True}},
            projection={"outbox": 1},
            return_document=ReturnDocument.AFTER,
        )
        if document is not None and subject not in self._lanes:
            TAKEN_OVER.inc()
            self.offer(collection, subject, document["outbox"])
