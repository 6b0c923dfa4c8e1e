"""Hundreds of messages at once: batches are made here, so that nothing waits for each message by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]


async def append(
    producer: AIOKafkaProducer, topic: str, messages: Sequence[Message]
) -> list[asyncio.Future[Any]]:
    """Put ``messages`` in line, in order per key, and on the partitions that single ones would go to.

    Answers what acknowledges them. Raises what the producer raises; some are on their way then.
    """
    partitions = sorted(await producer.partitions_for(topic))
    choose = DefaultPartitioner()
    partition_of = {key: choose(key, partitions, partitions) for key in {key for key, _, _ in messages}}
    lanes: dict[int, list[Message]] = {}
    for message in messages:
        lanes.setdefault(partition_of[message[0]], []).append(message)
    handed_over: list[asyncio.Future[Any]] = []
    for partition, lane in lanes.items():
        batch = producer.create_batch()
        for key, value, headers in lane:
            if batch.append(key=key, value=value, timestamp=None, headers=headers) is not None:
                continue
            handed_over.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            # The first of a batch is taken whatever its size.
            batch.append(key=key, value=value, timestamp=None, headers=headers)
        handed_over.append(await producer.send_batch(batch, topic, partition=partition))
    return handed_over
