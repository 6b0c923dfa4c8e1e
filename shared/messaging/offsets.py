"""Which offsets are finished, and the background task that commits them.

Only what was finished is committed, never the consumer's position: a batch that failed outside the runner
would otherwise be passed over. A note belongs to one assignment; after a rebalance late finishes are dropped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from shared.messaging.metrics import JUMPS
from shared.messaging.record import Record
from shared.messaging.tasks import end, within

log = logging.getLogger("ponte.offsets")

COMMIT_S = 0.2
CALL_TIMEOUT_S = 5.0


class Notes(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """The finished offsets of the partitions that are assigned to this process now."""

    def __init__(
        self, lost: Callable[[], None] = lambda: None, joining: Callable[[], Any] = lambda: None
    ) -> None:
        self.consumer: AIOKafkaConsumer | None = None
        self._joining = joining
        """The consumer that is being assigned partitions, also before its start is over."""
        self.lost = lost
        """Called when messages that were not read are gone from the broker."""
        self.assignment = 0
        """Grows with every change: whoever began under another number finishes too late."""
        self.assigned_at = 0.0
        self.turned_at = time.monotonic()
        """When the committing task last had its turn, whether Kafka answered or not."""
        self.finished: dict[TopicPartition, int] = {}
        self._partitions: set[TopicPartition] = set()
        self._dirty: set[TopicPartition] = set()
        self._sought: dict[TopicPartition, int] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        return frozenset(self._partitions)

    def start(self) -> None:
        self._task = asyncio.create_task(self._commit_for_ever())

    async def stop(self) -> None:
        await end(self._task)
        await self.commit()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self.forget()
        self._partitions = set(assigned)
        self.assigned_at = time.monotonic()
        await self._begin()

    async def _begin(self) -> None:
        """Begin where the group has committed, or at the beginning, by one question for all partitions.

        aiokafka asks for one after the other: on a busy machine 72 questions took more than ten seconds, and
        the watchdog took the reader for silent. Where this fails, aiokafka does it in its own way.
        """
        consumer = self._joining()
        if consumer is None or not self._partitions:
            return
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                committed = await consumer._coordinator.fetch_committed_offsets(list(self._partitions))
                starts = {partition: offset.offset for partition, offset in committed.items()}
                if fresh := [partition for partition in self._partitions if partition not in starts]:
                    starts |= await consumer.beginning_offsets(fresh)
            for partition, start in starts.items():
                if partition in self._partitions and partition not in self.finished:
                    consumer.seek(partition, start)
        except Exception as error:
            log.warning("start positions are asked for one by one: %r", error)

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self.commit()
        self.forget()

    def forget(self) -> None:
        """Drop what belongs to an assignment that is over."""
        self.assignment += 1
        self._partitions = set()
        self.finished.clear()
        self._dirty.clear()
        self._sought.clear()

    def begins_in_order(self, records: Sequence[Record]) -> bool:
        """Whether the batch goes on where the last finished one ended, in each of its partitions.

        Where it does not, the consumer is sent back to the note, once; if the broker then still begins
        later, those messages are gone (retention, a recreated topic): that is counted and accepted, and
        reconciliation is what fills it.
        """
        in_order = True
        for partition, first in _firsts(records).items():
            note = self.finished.get(partition)
            if note is None or first <= note:
                continue
            JUMPS.inc()
            if self._sought.get(partition) == note:
                log.error(
                    "%s begins at %d instead of %d: the messages between are gone", partition, first, note
                )
                self.lost()
                continue
            log.warning("%s begins at %d instead of %d: reading again from there", partition, first, note)
            self._sought[partition] = note
            in_order = False
        if not in_order:
            self.rewind(records)
        return in_order

    def rewind(self, records: Sequence[Record]) -> None:
        """Have the batch delivered again, from where each of its partitions was last finished."""
        for partition, first in _firsts(records).items():
            if self.consumer is not None and partition in self._partitions:
                self.consumer.seek(partition, min(self.finished.get(partition, first), first))

    def note(self, records: Sequence[Record], assignment: int) -> None:
        """The batch is finished; dropped if the assignment that it was read under is over."""
        if assignment != self.assignment:
            return
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            if partition in self._partitions and record.offset >= self.finished.get(partition, 0):
                self.finished[partition] = record.offset + 1
                self._dirty.add(partition)
                self._sought.pop(partition, None)

    def shortened(self, partition: TopicPartition, end: int) -> None:
        """The partition ends at ``end``, below what was finished: its messages were lost and come anew."""
        log.error("%s ends at %d, below what was read: the broker has lost messages", partition, end)
        if partition in self._partitions:
            self.finished[partition] = 0
            self._dirty.add(partition)
            self._sought.pop(partition, None)
            if self.consumer is not None:
                self.consumer.seek(partition, 0)
        self.lost()

    async def commit(self) -> None:
        """Commit what was finished since the last time. A failure leaves it for the next turn."""
        if self.consumer is None:
            return
        # One partition of somebody else's would fail the whole call.
        ours = self._dirty & self._partitions & set(self.consumer.assignment())
        offsets = {partition: self.finished[partition] for partition in ours}
        if offsets:
            try:
                await within(CALL_TIMEOUT_S, self.consumer.commit(offsets))
            except Exception as error:
                log.warning("offsets not committed yet: %r", error)
                return
            for partition, offset in offsets.items():
                if self.finished.get(partition) == offset:
                    self._dirty.discard(partition)

    async def _commit_for_ever(self) -> None:
        while True:
            await asyncio.sleep(COMMIT_S)
            self.turned_at = time.monotonic()
            try:
                await self.commit()
            except Exception:
                log.exception("the committing task goes on after a failure")


def _firsts(records: Sequence[Record]) -> dict[TopicPartition, int]:
    firsts: dict[TopicPartition, int] = {}
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        firsts[partition] = min(firsts.get(partition, record.offset), record.offset)
    return firsts
