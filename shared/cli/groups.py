"""What a service reads and how far it is, asked of the broker; nothing here changes anybody's offsets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from shared.cli.connection import Connection

_MEMBERS: Final = 5
"""Where the members stand in the broker's description of a group."""
_METADATA: Final = 3


@dataclass(frozen=True, slots=True)
class Group:
    """A service's consumer group: its topics (as the broker calls them), its committed offsets, its size."""

    topics: frozenset[str]
    members: int
    committed: dict[Any, int] = field(default_factory=dict)


@asynccontextmanager
async def _admin(connection: Connection) -> AsyncIterator[Any]:
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(**connection.where.kafka.client())
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def group_of(connection: Connection, service: str) -> Group:
    """The group of a service; one that the broker does not know is empty. Raises a ``KafkaError``."""
    from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata

    name = connection.where.database_name(service)
    async with _admin(connection) as admin:
        offsets = await admin.list_consumer_group_offsets(name)
        described = await admin.describe_consumer_groups([name])
    committed = {partition: told.offset for partition, told in offsets.items() if told.offset >= 0}
    members = [member for answer in described for group in answer.groups for member in group[_MEMBERS]]
    subscribed = {
        topic
        for member in members
        if member[_METADATA]
        for topic in ConsumerProtocolMemberMetadata.decode(member[_METADATA]).subscription
    }
    # A service that is stopped has no members, one that has just begun no offsets.
    topics = frozenset(subscribed | {partition.topic for partition in committed})
    return Group(topics, len(members), committed)


def left_to_read(group: Group, begins: dict[Any, int], ends: dict[Any, int]) -> int:
    """Messages below ``ends`` that the group has not finished; what has expired nobody reads any more."""
    return sum(
        max(0, end - max(group.committed.get(partition, 0), begins.get(partition, 0)))
        for partition, end in ends.items()
    )


async def span_of(connection: Connection, topic: str) -> tuple[dict[Any, int], dict[Any, int]]:
    """The first offset and the end of each partition of a topic. Raises a ``KafkaError``."""
    from aiokafka import AIOKafkaConsumer

    partitions = await partitions_of(connection, topic)
    async with AIOKafkaConsumer(**connection.where.kafka.client(), enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        return dict(await consumer.beginning_offsets(partitions)), dict(
            await consumer.end_offsets(partitions)
        )


async def partitions_of(connection: Connection, topic: str) -> Sequence[Any]:
    """The partitions of a topic that there is. Raises a ``KafkaError``."""
    from aiokafka import TopicPartition

    # Of the broker: a consumer knows the partitions only of topics that it follows already.
    async with _admin(connection) as admin:
        [described] = await admin.describe_topics([topic])
    return [TopicPartition(topic, part["partition"]) for part in described["partitions"]]
