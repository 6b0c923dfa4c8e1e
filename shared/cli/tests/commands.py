"""Commands of `ponte` run inside a test, against the run's engines."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from unittest import mock

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from typer.testing import CliRunner

from shared.cli.errors import UserError
from shared.cli.main import build_app
from shared.messaging.record import Record
from shared.messaging.topics import Topic, ensure_topics
from shared.store.driver import Database, close, connect

T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """What a command answered."""

    status: int
    text: str


@dataclass(frozen=True)
class Installation:
    """An installation of its own on the shared engines."""

    kafka: str
    mongodb: str
    prefix: str
    state: str

    def ponte(self, *arguments: str) -> Told:
        settings = {
            "PONTE_KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "PONTE_MONGODB_URI": self.mongodb,
            "PONTE_DATABASE_PREFIX": f"{self.prefix}_",
            "PONTE_TOPIC_PREFIX": f"{self.prefix}.",
            "XDG_STATE_HOME": self.state,
            "COLUMNS": "200",
        }
        with mock.patch.dict(os.environ, settings):
            result = CliRunner().invoke(build_app(), list(arguments))
        if isinstance(result.exception, UserError):
            return Told(1, f"ponte: {result.exception}")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Told(result.exit_code, result.output)

    def database(self, service: str, work: Callable[[Database], Awaitable[T]]) -> T:
        """Do something with the database of a service."""

        async def inside() -> T:
            client = connect(self.mongodb)
            try:
                return await work(client[f"{self.prefix}_{service}"])
            finally:
                await close(client)

        return asyncio.run(inside())

    def make_topics(self, *names: str) -> None:
        topics = [Topic(f"{self.prefix}.{name}", 2, 3_600_000) for name in names]
        asyncio.run(ensure_topics(self.kafka, topics))

    def messages(self, topic: str) -> list[Record]:
        """Everything that lies on a topic, by partition."""

        async def read() -> list[Record]:
            name = f"{self.prefix}.{topic}"
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            [described] = await admin.describe_topics([name])
            await admin.close()
            partitions = [TopicPartition(name, part["partition"]) for part in described["partitions"]]
            async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer:
                consumer.assign(partitions)
                await consumer.seek_to_beginning(*partitions)
                ends = await consumer.end_offsets(partitions)
                found: list[Record] = []
                while [p for p in partitions if await consumer.position(p) < ends[p]]:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found.extend(records)
                return found

        return asyncio.run(read())
