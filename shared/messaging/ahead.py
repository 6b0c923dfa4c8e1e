"""What a service's own topic shows of it: whether its database is behind, and its highest epoch.

A volume that was put back by hand starts an owner that has forgotten what it had published: it would give the
same places to other events. So it does not start, and names the command that makes a new epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from shared.contracts.base import EventData
from shared.messaging.brokers import Kafka, brokers_of
from shared.messaging.envelope import Malformed, Received, from_message
from shared.store.driver import Database, Document
from shared.store.events import event_id

_LAST: Final = 20
"""So many messages at the end of each partition are looked at: one that is ours stands among them even where
somebody's garbage came after it."""


async def topic_ahead(
    database: Database, aggregates: Sequence[str], topic: str, kafka: Kafka, epoch: int
) -> str | None:
    """The sentence with which the owner refuses to start where its topic knows more than its database.

    Null where all is well. Raises a ``KafkaError`` or ``TimeoutError`` where Kafka cannot tell: bound it.
    """
    # The topic first: what another replica publishes meanwhile is in the database before it is there.
    events = await last_events(topic, kafka)
    places: dict[str, tuple[int, int]] = {}
    for event in events:
        place = (event.epoch, event.sequence)
        places[event.subject] = max(place, places.get(event.subject, place))
    known = await _known(database, aggregates, list(places))
    for subject, place in sorted(places.items()):
        if place[0] >= epoch and place > known.get(subject, (0, 0)):
            return (
                f"The topic {topic} knows {subject} up to epoch {place[0]}, sequence {place[1]}, but the "
                f"database {database.name} only up to {_told(known.get(subject))}: it was put back to an "
                "earlier time. Restore it with `ponte restore`, which begins a new epoch."
            )
    return None


async def topic_epoch(topic: str, kafka: Kafka) -> int:
    """The highest epoch of the topic's last messages; 0 without any. Raises like ``topic_ahead``."""
    return max((event.epoch for event in await last_events(topic, kafka)), default=0)


async def last_events(topic: str, kafka: Kafka) -> list[Received[EventData]]:
    """The last few events of each partition, of those that are truly the owner's; a missing topic has none.

    An event of ours has the id that is derived from its place. Raises like ``topic_ahead``.
    """
    parts = await _partitions(topic, kafka)
    if not parts:
        return []
    consumer = AIOKafkaConsumer(
        **brokers_of(kafka).client(), enable_auto_commit=False, client_id="ponte-ahead"
    )
    try:
        await consumer.start()
        records = await _tails(consumer, parts)
    finally:
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(consumer.stop(), 3.0)
    return [event for record in records if (event := _ours(record)) is not None]


async def _partitions(topic: str, kafka: Kafka) -> list[TopicPartition]:
    admin = AIOKafkaAdminClient(**brokers_of(kafka).client(), client_id="ponte-ahead")
    try:
        await admin.start()
        (described,) = await admin.describe_topics([topic])
    finally:
        with suppress(KafkaError, TimeoutError):
            await asyncio.wait_for(admin.close(), 3.0)
    if described["error_code"] == UnknownTopicOrPartitionError.errno:
        return []
    return [TopicPartition(topic, part["partition"]) for part in described["partitions"]]


async def _tails(consumer: Any, parts: Sequence[TopicPartition]) -> list[Any]:
    consumer.assign(parts)
    begins, ends = await asyncio.gather(consumer.beginning_offsets(parts), consumer.end_offsets(parts))
    wanted = {part: ends[part] for part in parts if ends[part] > begins[part]}
    if not wanted:
        return []
    consumer.assign(list(wanted))
    for part, end in wanted.items():
        consumer.seek(part, max(begins[part], end - _LAST))
    found: list[Any] = []
    while wanted:
        for part, records in (await consumer.getmany(timeout_ms=500)).items():
            found.extend(records)
            if part in wanted and records and records[-1].offset >= wanted[part] - 1:
                del wanted[part]
        for part in [part for part in wanted if await consumer.position(part) >= wanted[part]]:
            del wanted[part]  # the end of a log may be a mark of the broker's own
    return found


def _ours(record: Any) -> Received[EventData] | None:
    try:
        event = from_message(record.value, record.headers)
    except Malformed:
        return None
    return event if event.id == event_id(event.subject, event.epoch, event.sequence) else None


async def _known(
    database: Database, aggregates: Sequence[str], subjects: Sequence[str]
) -> dict[str, tuple[int, int]]:
    known: dict[str, tuple[int, int]] = {}
    for name in aggregates:
        rows: list[Document] = (
            await database[name].find({"_id": {"$in": list(subjects)}}, {"epoch": 1, "sequence": 1}).to_list()
        )
        known.update({row["_id"]: (row["epoch"], row["sequence"]) for row in rows})
    return known


def _told(place: tuple[int, int] | None) -> str:
    return f"epoch {place[0]}, sequence {place[1]}" if place else "nothing"
