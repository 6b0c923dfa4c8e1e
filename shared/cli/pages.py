"""Asking the owner of a topic for its journal, page by page, and seeing that each page has been sent."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from shared.cli.connection import Connection
from shared.cli.errors import UserError
from shared.cli.groups import partitions_of
from shared.messaging.envelope import Malformed
from shared.messaging.republish import (
    PAGE_TYPE,
    REQUEST_TYPE,
    Page,
    PageOf,
    Request,
    kind_of,
    message,
    read,
)
from shared.messaging.topics import REPUBLISH, replay_topic

ASK_AGAIN_S = 10.0
"""An owner keeps no requests: what was asked of one that was starting is asked again."""
TRIES = 4


@dataclass
class Pages:
    """Requests and the markers that answer them. Reads without a group, so nobody's offsets change."""

    connection: Connection
    service: str
    consumer: Any

    async def ask(self, topic: str, page: PageOf, stop: asyncio.Event) -> Page | None:
        """Have the owner of ``topic`` send ``page`` to the service; null where ``stop`` was set meanwhile.

        Raises:
            UserError: it does not answer.
        """
        request = Request(service=self.service, topic=topic, page=page)
        for _ in range(TRIES):
            await self.connection.producer.send(
                self.connection.where.topic(REPUBLISH), [message(REQUEST_TYPE, request, topic)]
            )
            answer = await self._marker(request.id, time.monotonic() + ASK_AGAIN_S, stop)
            if answer is not None or stop.is_set():
                return answer
        owner = topic.removeprefix("ponte.")
        raise UserError(
            f"{owner}, which owns {topic}, does not answer: is it running? The same command goes on later."
        )

    async def _marker(self, wanted: str, deadline: float, stop: asyncio.Event) -> Page | None:
        stopped_at: float | None = None
        while time.monotonic() < deadline:
            for records in (await self.consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    page = _page(record)
                    if page is not None and page.id == wanted:
                        return page
            if stop.is_set():
                # The page that is on its way is waited for, within reason.
                stopped_at = stopped_at or time.monotonic()
                if time.monotonic() - stopped_at > ASK_AGAIN_S / 2:
                    return None
        return None


def _page(record: Any) -> Page | None:
    if kind_of(record) != PAGE_TYPE:
        return None
    try:
        return read(Page, record)
    except Malformed:
        return None


@asynccontextmanager
async def pages(connection: Connection, service: str) -> AsyncIterator[Pages]:
    """Follow the replay topic of ``service`` from its end."""
    from aiokafka import AIOKafkaConsumer

    partitions = await partitions_of(connection, connection.where.topic(replay_topic(service)))
    async with AIOKafkaConsumer(**connection.where.kafka.client(), enable_auto_commit=False) as consumer:
        consumer.assign(partitions)
        await consumer.seek_to_end()
        # Where the end was matters, not where it will be at the first reading.
        for partition in consumer.assignment():
            await consumer.position(partition)
        yield Pages(connection, service, consumer)
