"""The topics, with their partitions and retention. They are made by us, never by auto-creation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.messaging.brokers import Kafka, brokers_of

DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """``retention_ms`` in milliseconds; nothing is ever compacted, for a key's past is wanted too."""

    name: str
    partitions: int
    retention_ms: int

    def prefixed(self, prefix: str) -> Topic:
        """The same topic with its name on the broker."""
        return replace(self, name=prefix + self.name)


EVENT_PARTITIONS = 24
REPLICAS = 3
"""Copies of every message, where the cluster has so many brokers."""
EVENT_RETENTION_MS = 30 * DAY_MS

HEADS = "ponte.heads"
"""Where each aggregate of an owner stands."""
REPUBLISH = "ponte.republish"
"""A reader asks an owner for what it missed."""
DEAD_LETTERS = "ponte.dead-letters"
"""A best-effort copy of every dead letter; the letters themselves lie in the reading service's database."""


def replay_topic(service: str) -> str:
    """Where owners answer ``service``, and nobody else."""
    return f"ponte.replay.{service}"


def topic_of(name: str) -> Topic:
    """The topic of that logical name with its partitions and retention; any other name is an event topic."""
    if name in (HEADS, REPUBLISH):
        return Topic(name, 4, DAY_MS)
    if name == DEAD_LETTERS:
        return Topic(name, 1, EVENT_RETENTION_MS)
    if name.startswith("ponte.replay."):
        return Topic(name, 8, DAY_MS)
    return Topic(name, EVENT_PARTITIONS, EVENT_RETENTION_MS)


async def ensure_topics(kafka: Kafka, topics: Sequence[Topic]) -> bool:
    """Make those of ``topics`` that are missing and wait until each of their partitions has a leader.

    Answers whether any had to be made.

    Raises a ``KafkaError`` where the broker is away. Never returns while a leader is missing: bound it.
    """
    admin = AIOKafkaAdminClient(**brokers_of(kafka).client(), client_id="ponte-topics")
    await admin.start()
    try:
        known = set(await admin.list_topics())
        missing = [topic for topic in topics if topic.name not in known]
        if missing:
            brokers = len((await admin.describe_cluster())["brokers"])
            # Another service may make the same topic at the same moment: "already exists" is an answer
            # per topic, not an error of the call.
            await admin.create_topics(
                [
                    NewTopic(
                        name=topic.name,
                        num_partitions=topic.partitions,
                        replication_factor=min(brokers, REPLICAS),
                        topic_configs={
                            "cleanup.policy": "delete",
                            "retention.ms": str(topic.retention_ms),
                            # The broker's clock: it refuses what a sender's clock dates an hour ahead, and
                            # what one dates back would expire too early. Events have their own time.
                            "message.timestamp.type": "LogAppendTime",
                        },
                    )
                    for topic in missing
                ]
            )
        # A topic is told of before it can be used; a reader that subscribes too early begins with errors.
        while not await _usable(admin, topics):
            await asyncio.sleep(0.1)
        return bool(missing)
    finally:
        await admin.close()


async def _usable(admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> bool:
    described = await admin.describe_topics([topic.name for topic in topics])
    return all(
        topic["error_code"] == 0 and all(part["leader"] >= 0 for part in topic["partitions"])
        for topic in described
    )
