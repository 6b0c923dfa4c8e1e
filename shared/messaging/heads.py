"""An owner tells where its aggregates stand, so that readers notice what they never got."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from shared.messaging.producer import Producer
from shared.messaging.republish import HEADS_TYPE, Head, Heads, chunks, message
from shared.messaging.tasks import end
from shared.messaging.topics import HEADS
from shared.store.driver import Database, Document

log = logging.getLogger("ponte.heads")

ROUND_S = 2.0
"""What was published since the last time is told so often."""
SWEEP_ROUND = 400
"""So many of all aggregates are told in each round: 200 a second, a million in 84 minutes."""
SWEEP_EVERY_S = 60.0
"""A sweep that was quicker waits for the rest of this time before the next."""
ASKED_ROUND = 5000
"""As the sweep, when a reader has asked for all heads."""


class HeadsPublisher:
    """Publishes the heads of one owner's aggregates. Every replica does; a head told twice is harmless."""

    def __init__(
        self,
        database: Database,
        aggregates: Sequence[str],
        *,
        topic: str,
        epoch: int,
        producer: Producer,
        topic_prefix: str = "",
    ) -> None:
        self._database = database
        self._aggregates = tuple(aggregates)
        self._topic = topic
        self._epoch = epoch
        self._producer = producer
        self._to = topic_prefix + HEADS
        self._fresh: dict[str, Head] = {}
        self._asked = asyncio.Event()
        self._sweep = _Sweep(database, self._aggregates)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        await end(self._task)

    def published(self, event: Document) -> None:
        """The relay has handed over ``event``, the last of its aggregate so far."""
        self._fresh[event["subject"]] = head_of(event)

    def all_wanted(self) -> None:
        """A reader asks for all heads: the next sweep begins now and goes faster."""
        self._asked.set()

    async def _run(self) -> None:
        while True:
            asked = self._asked.is_set()
            if asked:
                self._asked.clear()
                self._sweep.begin(fast=True)
            try:
                await self._round()
            except Exception as error:
                log.warning("heads not told: %r", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), ROUND_S)

    async def _round(self) -> None:
        fresh, self._fresh = self._fresh, {}
        try:
            swept = await self._sweep.next()
            heads = [*fresh.values(), *(head for head in swept if head[0] not in fresh)]
            # An owner without a single event still tells its epoch: a restore may have left it empty.
            await self._send(heads)
        except BaseException:
            self._fresh = {**fresh, **self._fresh}
            self._sweep.again()
            raise

    async def _send(self, heads: Sequence[Head]) -> None:
        at = datetime.now(UTC)
        told = [Heads(topic=self._topic, epoch=self._epoch, heads=part, at=at) for part in chunks(heads)]
        if not told and self._sweep.began:
            told = [Heads(topic=self._topic, epoch=self._epoch, at=at)]
        if told:
            await self._producer.send(self._to, [message(HEADS_TYPE, each, self._topic) for each in told])


class _Sweep:
    """Goes through all aggregates by id, a few at a time."""

    def __init__(self, database: Database, aggregates: Sequence[str]) -> None:
        self._database = database
        self._aggregates = aggregates
        self._place: tuple[int, str] = (0, "")
        self._before = self._place
        self._fast = False
        self._next_at = 0.0
        self.began = False
        """Whether the last ``next`` was a sweep's first."""

    def begin(self, *, fast: bool) -> None:
        """From the start, at once."""
        self._place, self._fast, self._next_at = (0, ""), fast, 0.0

    def again(self) -> None:
        """What ``next`` gave did not get out."""
        self._place = self._before
        self._next_at = 0.0

    async def next(self) -> list[Head]:
        now = asyncio.get_running_loop().time()
        number, after = self._before = self._place
        self.began = self._place == (0, "") and now >= self._next_at
        if self._place == (0, ""):
            if now < self._next_at:
                return []
            self._next_at = now + SWEEP_EVERY_S
        if number >= len(self._aggregates):
            self._place, self._fast = (0, ""), False
            return []
        limit = ASKED_ROUND if self._fast else SWEEP_ROUND
        rows = await (
            self._database[self._aggregates[number]]
            .find({"_id": {"$gt": after}}, {"epoch": 1, "sequence": 1, "head_hash": 1, "outbox._id": 1})
            .sort("_id", 1)
            .limit(limit)
            .to_list(length=limit)
        )
        self._place = (number, rows[-1]["_id"]) if len(rows) == limit else (number + 1, "")
        # What still waits in an outbox is told when it has been published.
        return [
            (row["_id"], row["epoch"], row["sequence"], row["head_hash"])
            for row in rows
            if row["sequence"] and not row["outbox"]
        ]


def head_of(event: Document) -> Head:
    """The head that a stored event makes its aggregate stand at."""
    return event["subject"], event["epoch"], event["sequence"], event["hash"]
