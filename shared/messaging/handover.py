"""Events on their way: from an outbox that a claim covers to Kafka and the journal, and out of the outbox.

Every aggregate's events go in order, one hand-over after the other; the hand-overs of different aggregates
share their calls.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.messaging.envelope import to_message
from shared.messaging.metrics import HANDOVER_FAILED, PUBLISHED
from shared.messaging.producer import Message, Producer
from shared.store.driver import DUPLICATE, BulkWriteError, Database, Document, UpdateOne
from shared.store.kept import UnderWay
from shared.store.setup import JOURNAL

log = logging.getLogger("ponte.relay")

AT_ONCE = 2
"""Hand-overs under way side by side: the more, the fewer events share a call."""
LANES_A_CALL = 500


@dataclass(eq=False)
class _Lane:
    """One aggregate's events on their way; at most one hand-over of a lane is under way."""

    collection: str
    subject: str
    waiting: list[Document] = field(default_factory=list)
    last: tuple[int, int] = (0, 0)
    busy: bool = False
    """Whether it waits for a hand-over or is in one."""
    pulls: int = 0
    failed: bool = False
    """Whatever of it is not handed over is left to the poll."""
    in_outbox: dict[str, Document] = field(default_factory=dict)

    def add(self, events: Sequence[Document]) -> None:
        for event in events:
            place = (event["epoch"], event["sequence"])
            if place > self.last:
                self.waiting.append(event)
                self.in_outbox[event["_id"]] = event
                self.last = place

    def left(self) -> list[Document]:
        """The events that may still be in the outbox, oldest first."""
        return list(self.in_outbox.values())


def _ignore(_: object) -> None:
    """Nobody wants to know."""


class HandOvers:
    """Hands over what it is offered; the lanes are those aggregates that have events under way.

    ``on_published`` is told the last stored event of every hand-over that Kafka and the journal have
    acknowledged; ``on_failure`` the error of one that failed, whose events stay in the outbox for the poll.
    Both are called in the event loop and must return at once.
    """

    def __init__(
        self,
        database: Database,
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
        self._producer = producer
        self._on_published = on_published
        self._on_failure = on_failure
        self._lanes: dict[str, _Lane] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._due: list[_Lane] = []
        self._done: list[tuple[_Lane, list[str]]] = []
        self._handing_over = 0
        self._pulling = False

    async def finish(self, timeout: float) -> None:
        """Let what is under way finish, within ``timeout`` seconds; the rest stays in the outboxes."""
        deadline = asyncio.get_running_loop().time() + timeout
        while self._tasks and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left)
        for task in self._tasks:
            task.cancel()

    def offer(self, collection: str, subject: str, events: list[Document]) -> UnderWay:
        """Publish ``events``, which our own majority-acknowledged claim covers, oldest first."""
        lane = self._lanes.get(subject)
        if lane is None:
            lane = self._lanes[subject] = _Lane(collection, subject)
        lane.add(events)
        self._hand_over_soon(lane)
        return lane

    def _hand_over_soon(self, lane: _Lane) -> None:
        """What is offered while hand-overs are under way goes together with the next one."""
        if lane.busy or lane.failed or not lane.waiting:
            return
        lane.busy = True
        self._due.append(lane)
        if self._handing_over < AT_ONCE:
            self._handing_over += 1
            self._begin(self._hand_over_due())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_over_due(self) -> None:
        try:
            while self._due:
                lanes, self._due = self._due[:LANES_A_CALL], self._due[LANES_A_CALL:]
                taken = [lane.waiting for lane in lanes]
                for lane in lanes:
                    lane.waiting = []
                outcomes = await self._hand_over(taken)
                for lane, events, error in zip(lanes, taken, outcomes, strict=True):
                    self._handed_over(lane, events, error)
        finally:
            self._handing_over -= 1

    def _handed_over(self, lane: _Lane, events: Sequence[Document], error: BaseException | None) -> None:
        lane.busy = False
        if error is not None:
            self._give_up(lane, error)
            return
        PUBLISHED.inc(len(events))
        self._on_published(events[-1])
        lane.pulls += 1
        self._done.append((lane, [event["_id"] for event in events]))
        if not self._pulling:
            self._pulling = True
            self._begin(self._pull_done())
        self._hand_over_soon(lane)

    def _give_up(self, lane: _Lane, error: BaseException) -> None:
        """Everything is still in the outbox: the poll takes it up, in order, once nothing is under way."""
        lane.failed = True
        HANDOVER_FAILED.inc()
        log.warning("hand-over of %s left to the poll: %r", lane.subject, error)
        self._on_failure(error)
        self._end(lane)

    def _end(self, lane: _Lane) -> None:
        if not lane.busy and not lane.pulls and (lane.failed or not lane.waiting):
            del self._lanes[lane.subject]
            if lane.failed:
                lane.waiting.clear()
                lane.in_outbox.clear()

    async def _hand_over(self, taken: Sequence[Sequence[Document]]) -> list[BaseException | None]:
        """Kafka and journal side by side; done when both have acknowledged. An outcome for each lane."""
        sent, written = await asyncio.gather(self._send(taken), self._write_journal(taken))
        return [one or other for one, other in zip(sent, written, strict=True)]

    async def _send(self, taken: Sequence[Sequence[Document]]) -> Sequence[BaseException | None]:
        outcomes: list[BaseException | None] = [None] * len(taken)
        lanes: list[int] = []
        groups: list[list[Message]] = []
        for lane, events in enumerate(taken):
            try:
                groups.append([to_message(event, self.source) for event in events])
                lanes.append(lane)
            except Exception as error:
                outcomes[lane] = error
        try:
            answers = await self._producer.send_all(self.topic, groups)
        except Exception as error:
            return [error] * len(taken)
        for lane, answer in zip(lanes, answers, strict=True):
            outcomes[lane] = answer
        return outcomes

    async def _write_journal(self, taken: Sequence[Sequence[Document]]) -> Sequence[BaseException | None]:
        lanes = [lane for lane, events in enumerate(taken) for _ in events]
        outcomes: list[BaseException | None] = [None] * len(taken)
        try:
            await self._database[JOURNAL].insert_many([e for events in taken for e in events], ordered=False)
        except BulkWriteError as error:
            if error.details.get("writeConcernErrors"):
                return [error] * len(taken)
            for failure in error.details["writeErrors"]:
                # A duplicate is an event that is there already, from an earlier try: as good as written.
                if failure["code"] != DUPLICATE:
                    outcomes[lanes[failure["index"]]] = error
        except Exception as error:
            return [error] * len(taken)
        return outcomes

    async def _pull_done(self) -> None:
        """Take what was handed over out of the outboxes, one call after the other."""
        try:
            while self._done:
                done, self._done = self._done, []
                error: Exception | None = None
                try:
                    await self._pull([(lane.collection, lane.subject, ids) for lane, ids in done])
                except Exception as failure:
                    error = failure
                for lane, ids in done:
                    lane.pulls -= 1
                    for place in ids:
                        lane.in_outbox.pop(place, None)
                    if error is not None and not lane.failed:
                        self._give_up(lane, error)
                    else:
                        self._end(lane)
        finally:
            self._pulling = False

    async def _pull(self, done: Sequence[tuple[str, str, list[str]]]) -> None:
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
