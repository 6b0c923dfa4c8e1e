"""From the outbox to Kafka and the journal.

A claim is a token with the server's time in the aggregate's own document. The command's write usually
carries it, so that publishing begins at once; the poll claims whatever is left over. Events leave the outbox
only when Kafka *and* the journal have acknowledged them.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from shared.messaging.envelope import to_message
from shared.messaging.metrics import HANDOVER_FAILED, OUTBOX_DEPTH, OUTBOX_OLDEST, PUBLISHED, TAKEN_OVER
from shared.messaging.producer import Producer
from shared.messaging.tasks import end
from shared.store.coalesce import Coalescer
from shared.store.driver import (
    AWAY,
    DUPLICATE,
    BulkWriteError,
    Database,
    Document,
    ReturnDocument,
    UpdateOne,
)
from shared.store.setup import JOURNAL, WAITING

log = logging.getLogger("ponte.relay")

LEASE_S = 3.0
"""So late is an event whose replica died right after its write."""
POLL_S = 0.25
SWEEP = 500
TAKE_OVERS_AT_ONCE = 16
MOST_LANES = 2000
"""Aggregates whose events are under way at once before the poll claims more."""


@dataclass
class _Lane:
    """One aggregate's events on their way; at most one hand-over of a lane is under way."""

    collection: str
    waiting: list[Document] = field(default_factory=list)
    last: tuple[int, int] = (0, 0)
    wake: asyncio.Future[None] | None = None

    def add(self, events: Sequence[Document]) -> None:
        for event in events:
            place = (event["epoch"], event["sequence"])
            if place > self.last:
                self.waiting.append(event)
                self.last = place
        if self.waiting and self.wake is not None and not self.wake.done():
            self.wake.set_result(None)


def _ignore(_: object) -> None:
    """Nobody wants to know."""


class Relay:
    """Publishes the outboxes of one service. Many replicas may relay at once.

    ``on_published`` is told the last stored event of every hand-over that Kafka and the journal have
    acknowledged; ``on_failure`` the error of one that failed, whose events stay in the outbox for the poll.
    Both are called in the event loop and must return at once.
    """

    def __init__(
        self,
        database: Database,
        collections: Sequence[str],
        topic: str,
        producer: Producer,
        *,
        on_published: Callable[[Document], None] = _ignore,
        on_failure: Callable[[BaseException], None] = _ignore,
    ) -> None:
        self.token = uuid.uuid4().hex
        self.topic = topic
        self.source = "/" + topic.replace(".", "/")
        self._database = database
        self._collections = tuple(collections)
        self._producer = producer
        self._on_published = on_published
        self._on_failure = on_failure
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._journal: Coalescer[Document, None] = Coalescer(self._write_journal)
        self._pulls: Coalescer[tuple[str, str, list[str]], None] = Coalescer(self._pull)
        self._poller: asyncio.Task[None] | None = None
        self.last_poll = time.monotonic()

    async def start(self) -> None:
        self._poller = asyncio.create_task(self._poll_for_ever())

    async def stop(self, timeout: float = 5.0) -> None:
        """Let what is under way finish, within ``timeout`` seconds; the rest stays in the outboxes."""
        await end(self._poller)
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=timeout)
        for task in self._tasks:
            task.cancel()

    def offer(self, collection: str, subject: str, events: list[Document]) -> None:
        """Publish ``events``, which our own majority-acknowledged claim covers, oldest first."""
        lane = self._lanes.get(subject)
        if lane is not None:
            lane.add(events)
            return
        lane = self._lanes[subject] = _Lane(collection)
        lane.add(events)
        task = asyncio.create_task(self._drain(subject, lane))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, subject: str, lane: _Lane) -> None:
        """Hand over a lane's events, one call after the other; pull them out of the outbox meanwhile."""
        pulls: set[asyncio.Task[None]] = set()
        try:
            while lane.waiting or pulls:
                if not lane.waiting:
                    await self._pulled(lane, pulls)
                    continue
                events, lane.waiting = lane.waiting, []
                await self._hand_over(events)
                PUBLISHED.inc(len(events))
                self._on_published(events[-1])
                done = (lane.collection, subject, [event["_id"] for event in events])
                pulls.add(asyncio.create_task(self._pulls.submit(done)))
        except Exception as error:
            # Everything is still in the outbox: the poll takes it up again, in order.
            HANDOVER_FAILED.inc()
            log.warning("hand-over of %s left to the poll: %r", subject, error)
            self._on_failure(error)
            await asyncio.gather(*pulls, return_exceptions=True)
        finally:
            del self._lanes[subject]

    async def _pulled(self, lane: _Lane, pulls: set[asyncio.Task[None]]) -> None:
        """Wait until a pull has ended or the lane has new events. Raises what a pull failed with."""
        lane.wake = asyncio.get_running_loop().create_future()
        done, _ = await asyncio.wait({*pulls, lane.wake}, return_when=asyncio.FIRST_COMPLETED)
        lane.wake.cancel()
        for pull in pulls & done:
            pulls.discard(pull)
            pull.result()

    async def _hand_over(self, events: Sequence[Document]) -> None:
        """Kafka and journal side by side; done when both have acknowledged."""
        results = await asyncio.gather(
            self._producer.send(self.topic, [to_message(event, self.source) for event in events]),
            *(self._journal.submit(event) for event in events),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _write_journal(self, events: Sequence[Document]) -> list[Exception | None]:
        try:
            await self._database[JOURNAL].insert_many(list(events), ordered=False)
        except BulkWriteError as error:
            # A duplicate is an event that is there already, from an earlier try: as good as written.
            others = [e for e in error.details["writeErrors"] if e["code"] != DUPLICATE]
            if others or error.details.get("writeConcernErrors"):
                raise
        return [None] * len(events)

    async def _pull(self, done: Sequence[tuple[str, str, list[str]]]) -> list[Exception | None]:
        by_collection: dict[str, list[UpdateOne]] = {}
        for collection, subject, ids in done:
            by_collection.setdefault(collection, []).append(
                UpdateOne(
                    {"_id": subject, "claim.token": self.token},
                    {"$pull": {"outbox": {"_id": {"$in": ids}}}},
                )
            )
        for collection, updates in by_collection.items():
            await self._database[collection].bulk_write(updates, ordered=False)
        return [None] * len(done)

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
