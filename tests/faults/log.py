"""The Kafka log as it lies on the broker: where it ended, and what came after that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.messaging.topics import EVENT_PARTITIONS

WITHIN_S = 20.0
Ends = dict[TopicPartition, int]


@dataclass(frozen=True)
class Message:
    """One event's place, read from the headers; null sequence: no event of ours."""

    partition: TopicPartition
    offset: int
    subject: str
    sequence: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


async def ends(bootstrap: str, topics: Sequence[str]) -> Ends:
    """The end of every partition now."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partitions = _assigned(consumer, topics)
        return dict(await asyncio.wait_for(consumer.end_offsets(partitions), WITHIN_S))


async def since(bootstrap: str, start: Ends, topics: Sequence[str]) -> list[Message]:
    """Everything from `start` to the end now; what was deleted meanwhile is left out."""
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        partitions = _assigned(consumer, topics)
        begins = await asyncio.wait_for(consumer.beginning_offsets(partitions), WITHIN_S)
        until = await asyncio.wait_for(consumer.end_offsets(partitions), WITHIN_S)
        first = {p: max(start.get(p, 0), begins[p]) for p in partitions}
        left = {p for p in partitions if first[p] < until[p]}
        found: list[Message] = []
        if left:
            consumer.assign(left)
        for partition in left:
            consumer.seek(partition, first[partition])
        while left:
            batches = await asyncio.wait_for(consumer.getmany(*left, timeout_ms=500), WITHIN_S)
            for partition, records in batches.items():
                found += [_message(partition, record) for record in records]
            for partition in list(left):
                if await consumer.position(partition) >= until[partition]:
                    left.discard(partition)
        return found


def _assigned(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> list[TopicPartition]:
    """All partitions of the topics; assigned, so that the client asks for their leaders at once."""
    partitions = [TopicPartition(topic, number) for topic in topics for number in range(EVENT_PARTITIONS)]
    consumer.assign(partitions)
    return partitions


def _message(partition: TopicPartition, record: ConsumerRecord) -> Message:
    headers = {name: raw.decode(errors="replace") for name, raw in record.headers}
    sequence = headers.get("ce_sequence", "")
    return Message(
        partition,
        record.offset,
        headers.get("ce_subject", ""),
        int(sequence) if sequence.isdigit() else None,
        record.key,
        record.value,
        tuple(record.headers),
    )
