"""How far a reader's group has come, by calls that do not pass through the group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import TopicPartition

from shared.messaging.metrics import RESETS
from shared.messaging.offsets import CALL_TIMEOUT_S, Notes
from shared.messaging.tasks import within


class GroupProgress:
    """Compares the partitions' ends with what was finished.

    ``consumer`` gives the one in use (null: none at the moment); every method raises where Kafka is away.
    """

    def __init__(self, consumer: Callable[[], Any], notes: Notes, *, topic_prefix: str = "") -> None:
        self._consumer = consumer
        self._notes = notes
        self._prefix = topic_prefix

    async def ends(self, topic: str) -> dict[int, int]:
        """The end offset of each partition of ``topic``; empty while there is no consumer."""
        consumer = self._consumer()
        partitions = self._partitions(topic)
        if consumer is None or not partitions:
            return {}
        found = await within(CALL_TIMEOUT_S, consumer.end_offsets(partitions))
        return {partition.partition: end for partition, end in found.items()}

    async def finished(self, topic: str) -> dict[int, int]:
        """Up to which offset each partition of ``topic`` was finished, by whichever replica reads it."""
        return {p.partition: offset for p, offset in (await self._finished(self._partitions(topic))).items()}

    async def behind(self) -> int:
        """How many messages of our own partitions are not finished.

        A partition that ends below what was finished has lost its messages: it is read from its start.
        """
        consumer = self._consumer()
        partitions = list(self._notes.partitions)
        if consumer is None or not partitions:
            return 0
        ends = await within(CALL_TIMEOUT_S, consumer.end_offsets(partitions))
        finished = await self._finished([partition for partition, end in ends.items() if end])
        behind = 0
        for partition, end in ends.items():
            behind += max(0, end - finished.get(partition, 0))
        ahead = [partition for partition, end in ends.items() if finished.get(partition, 0) > end]
        if ahead:
            await self._look_again(ahead, finished)
        return behind

    async def _look_again(
        self, partitions: list[TopicPartition], finished: dict[TopicPartition, int]
    ) -> None:
        """Those that end below what was finished *before* their ends were asked for."""
        ends = await within(CALL_TIMEOUT_S, self._consumer().end_offsets(partitions))
        for partition, end in ends.items():
            if finished[partition] > end:
                self._notes.shortened(partition, end)
                RESETS.inc()

    def _partitions(self, topic: str) -> list[TopicPartition]:
        consumer, name = self._consumer(), self._prefix + topic
        known = consumer.partitions_for_topic(name) if consumer is not None else None
        return [TopicPartition(name, number) for number in sorted(known or ())]

    async def _finished(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        noted = {p: self._notes.finished[p] for p in partitions if p in self._notes.finished}
        rest = [partition for partition in partitions if partition not in noted]
        consumer = self._consumer()
        if not rest or consumer is None:
            return noted
        async with asyncio.timeout(2 * CALL_TIMEOUT_S):
            # What lies before a partition's beginning has expired: nobody will read it any more.
            # One question for all: ``consumer.committed`` asks for each partition by itself, over the
            # connection on which the reader gets its own start positions, and was seen to stall it there.
            beginnings, committed = await asyncio.gather(
                consumer.beginning_offsets(rest),
                consumer._coordinator.fetch_committed_offsets(rest),
            )
        found = {p: max(beginnings[p], committed[p].offset if p in committed else 0) for p in rest}
        return {**found, **noted}
