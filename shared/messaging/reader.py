"""One FastStream subscriber per group and process, over all topics that the service reads."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from shared.messaging.brokers import Kafka, brokers_of
from shared.messaging.metrics import BATCH_SECONDS, HELD, LAG, REPLACED
from shared.messaging.offsets import Notes
from shared.messaging.progress import GroupProgress
from shared.messaging.record import Record
from shared.messaging.subscription import Subscription
from shared.messaging.tasks import end
from shared.messaging.trying import HOLD

log = logging.getLogger("ponte.reader")

HOLD_TURN_S = 30.0
"""A batch is held for so long at a time; then the loop gets a turn, well under max_poll_interval_ms."""
WATCH_S = 2.0
SILENT_S = 10.0
"""Behind and without progress, or without any partition, for so long: the subscriber is replaced."""
WORKING_S = 60.0
"""A batch that is being carried to its views and reactions for so long hangs; before, it is only slow."""
PROBE_S = 3.0
ALONE_S = 4.0
"""Kafka answers others for so long: a consumer that cannot ask it then does not come back by itself."""
DRAIN_S = 4.0
STUCK_S = 60.0
"""The watchdog, or the task that commits, has not had its turn for so long: neither will have it again."""


class Reader:
    """Reads ``topics`` as ``group`` and carries every batch to ``deliver``.

    At least once and in order per partition. It never passes over a message: while ``deliver`` raises one
    of ``HOLD`` the batch is held and tried again. A watchdog replaces a subscriber that has gone silent,
    which aiokafka's was seen to do after the broker's death or a rebalance. ``lost`` is called when the
    broker no longer has messages that were not read.
    """

    def __init__(
        self,
        kafka: Kafka,
        *,
        group: str,
        topics: Sequence[str],
        deliver: Callable[[Sequence[Record]], Awaitable[None]],
        topic_prefix: str = "",
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._deliver = deliver
        self._notes = Notes(lost, lambda: self._subscription.consumer)
        self.progress = GroupProgress(
            lambda: self._subscription.consumer, self._notes, topic_prefix=topic_prefix
        )
        self._brokers = brokers_of(kafka)
        self._subscription = Subscription(
            self._brokers,
            group=group,
            topics=[topic_prefix + topic for topic in topics],
            on_batch=self._on_batch,
            listener=self._notes,
        )
        self._watcher: asyncio.Task[None] | None = None
        self.holding: str | None = None
        """The engine's failure for which a batch is held now, or null."""
        self.progress_at = time.monotonic()
        self._watched_at = time.monotonic()
        self._working = False
        self._alone_since = math.inf
        self._deaf_at = -math.inf
        self.replaced_in_vain = 0

    async def start(self) -> None:
        """Begin in the background: Kafka may still be away."""
        self._notes.start()
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Finish the batch under way and commit, within a time limit."""
        await end(self._watcher)
        await self._drain()
        await self._notes.stop()
        await self._subscription.close()

    async def _drain(self) -> None:
        """Take up nothing new, and let the batch under way finish, so that its offsets can be committed."""
        consumer: Any = self._subscription.consumer
        if consumer is not None:
            with suppress(Exception):
                consumer.pause(*consumer.assignment())
        deadline = time.monotonic() + DRAIN_S
        while self._working and self.holding is None and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    def problems(self) -> list[str]:
        """Why this reader is not ready; empty if it is."""
        if self.holding is not None:
            return [f"reader holds: {self.holding}"]
        return [] if self._notes.partitions else ["reader has no partitions yet"]

    def stuck(self) -> bool:
        """Whether replacing the subscriber did not help: the process wants to be restarted."""
        turned_at = min(self._notes.turned_at, self._watched_at)
        return self.replaced_in_vain >= 3 or time.monotonic() - turned_at > STUCK_S

    async def _on_batch(self, batch: Any) -> None:  # FastStream would build a validator from a type
        """FastStream swallows what escapes from here, so nothing may."""
        self._working = True
        self.progress_at = time.monotonic()
        try:
            await self._finish(batch)
        finally:
            self._working = False

    async def _finish(self, records: Sequence[Record]) -> None:
        """Deliver the batch as often as it takes, and note its offsets."""
        self._notes.consumer = self._subscription.consumer
        assignment = self._notes.assignment
        if not self._notes.begins_in_order(records):
            return
        started = time.monotonic()
        pause = 0.1
        while assignment == self._notes.assignment:
            try:
                with BATCH_SECONDS.time():
                    await self._deliver(records)
            except asyncio.CancelledError:
                self._notes.rewind(records)
                raise
            except HOLD as error:
                self._hold(error)
            except Exception as error:
                # Not even setting it aside worked: the same as an engine that is away.
                log.exception("the batch cannot be finished")
                self._hold(error)
            else:
                self.holding = None
                self.progress_at = time.monotonic()
                self.replaced_in_vain = 0
                self._notes.note(records, assignment)
                return
            if time.monotonic() - started > HOLD_TURN_S:
                self._notes.rewind(records)
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    def _hold(self, error: Exception) -> None:
        HELD.inc()
        self.holding = type(error).__name__
        self.progress_at = time.monotonic()

    async def _watch(self) -> None:
        started = False
        while True:
            self._watched_at = time.monotonic()
            try:
                if not started:
                    await self._start()
                    started = True
                elif ended := self._subscription.ended():
                    await self._replace(f"its {ended} has ended")
                elif await self._silent():
                    await self._replace("it has gone silent")
            except Exception as error:
                log.warning("reader: %r", error)
            await asyncio.sleep(WATCH_S if started else 0.5)

    async def _start(self) -> None:
        self._alone_since = math.inf
        await self._subscription.start()
        self._notes.consumer = self._subscription.consumer
        self.progress_at = time.monotonic()

    async def _silent(self) -> bool:
        """Behind, without partitions or deaf, and nothing has moved although nothing is held."""
        moved_at = max(self.progress_at, self._notes.assigned_at)
        if not self._notes.partitions:
            return time.monotonic() - moved_at > SILENT_S
        patience = math.inf if self.holding is not None else WORKING_S if self._working else SILENT_S
        try:
            behind = await self.progress.behind()
        except Exception as error:
            self._deaf_at = time.monotonic()
            if self._deaf_at - moved_at < patience or not await self._alone():
                raise
            log.warning("the consumer cannot ask Kafka, others can: %r", error)
            return True
        self._alone_since = math.inf
        LAG.set(behind)
        if behind == 0:
            self.progress_at = time.monotonic()
            self.replaced_in_vain = 0
        # Where Kafka has just come back, it has its time, too: to join the group anew takes longer.
        return behind > 0 and time.monotonic() - max(moved_at, self._deaf_at) > patience

    async def _alone(self) -> bool:
        """Whether only this consumer cannot ask Kafka, and for longer than Kafka's return takes it."""
        if not await self._brokers.answer(PROBE_S):
            self._alone_since = math.inf
            return False
        self._alone_since = min(self._alone_since, time.monotonic())
        return time.monotonic() - self._alone_since > ALONE_S

    async def _replace(self, why: str) -> None:
        log.error("the reader's subscriber is replaced: %s", why)
        REPLACED.inc()
        await self._subscription.stop()
        await self._start()
        # Only a start that worked can have been in vain: while Kafka is away nothing is wrong with us.
        self.replaced_in_vain += 1
