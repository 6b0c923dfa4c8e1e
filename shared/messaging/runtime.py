"""The parts of one service, started and stopped in the right order from its lifespan."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

from pydantic import BaseModel

from shared.messaging.delivery import REFUSED_REACTIONS, Delivery, Projection, Reaction
from shared.messaging.producer import Producer
from shared.messaging.reader import Reader
from shared.messaging.relay import Relay
from shared.messaging.topics import Topic, ensure_topics, topic_of
from shared.store.driver import AWAY, Client, Database, Driver, close, connect
from shared.store.repository import Repository
from shared.store.setup import JOURNAL, prepare

log = logging.getLogger("ponte.runtime")

S = TypeVar("S", bound=BaseModel)

DATABASE_WAIT_S = 60.0


class EngineSettings(Protocol):
    """Where the engines are."""

    @property
    def kafka_bootstrap_servers(self) -> str: ...
    @property
    def mongodb_uri(self) -> str: ...
    @property
    def mongodb_driver(self) -> Driver: ...
    @property
    def database_prefix(self) -> str: ...


class ServiceRuntime:
    """Store, relay and reader of one service.

    ``topic`` is what the service publishes on (null: it publishes nothing), ``aggregates`` the names of its
    aggregates' collections. Made without I/O; ``running()`` opens it all.
    """

    def __init__(
        self, settings: EngineSettings, name: str, *, topic: str | None = None, aggregates: Sequence[str] = ()
    ) -> None:
        self.name = name
        self._settings = settings
        self._topic = topic
        self._aggregates = tuple(aggregates)
        self._client: Client | None = None
        self._database: Database | None = None
        self._epoch = 0
        self._producer: Producer | None = None
        self._relay: Relay | None = None
        self._reader: Reader | None = None
        self._topics_ready = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def database(self) -> Database:
        """The service's own database. Raises ``RuntimeError`` before ``running()``."""
        if self._database is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._database

    def repository(self, collection: str, model: type[S], *, what: str) -> Repository[S]:
        """The aggregates of ``collection``; ``what`` names their id in refusals, such as ``mission_id``."""
        return Repository(
            self.database[collection],
            self.database[JOURNAL],
            model,
            epoch=self._epoch,
            relay=self._relay,
            what=what,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ServiceRuntime]:
        """MongoDB has to be there; Kafka may come later: commands are accepted meanwhile."""
        self._client = connect(self._settings.mongodb_uri, self._settings.mongodb_driver)
        self._database = self._client[f"{self._settings.database_prefix}{self.name}"]
        try:
            await self._prepare_database()
            if self._topic is not None:
                self._producer = Producer(
                    self._settings.kafka_bootstrap_servers, client_id=f"ponte-{self.name}"
                )
                self._relay = Relay(self._database, self._aggregates, self._topic, self._producer)
            self._tasks.append(asyncio.create_task(self._make_topics()))
            if self._relay is not None:
                await self._relay.start()
            yield self
        finally:
            await self._stop()

    async def read(
        self,
        topics: Sequence[str],
        *,
        projections: Sequence[Projection] = (),
        reactions: Mapping[str, Reaction] | None = None,
    ) -> None:
        """Begin to read ``topics`` as the consumer group of this service's name."""
        deliver = Delivery(self.database, projections=projections, reactions=reactions)
        self._reader = Reader(
            self._settings.kafka_bootstrap_servers,
            group=f"{self._settings.database_prefix}{self.name}",
            topics=topics,
            deliver=deliver,
        )
        self._tasks.append(asyncio.create_task(self._start_reader(self._reader, topics)))

    async def problems(self) -> list[str]:
        """Why this service is not ready, in words for its operators; empty if it is."""
        found: list[str] = []
        if self._database is None or not await _answers(self._database):
            found.append("mongodb does not answer")
        if not self._topics_ready:
            found.append("kafka does not answer")
        if self._reader is not None:
            found.extend(self._reader.problems())
        return found

    def stuck(self) -> list[str]:
        """What no longer moves and wants the process restarted; empty while all is alive."""
        found: list[str] = []
        if self._relay is not None and time.monotonic() - self._relay.last_poll > 60:
            found.append("relay")
        if self._reader is not None and self._reader.stuck():
            found.append("reader")
        return found

    async def _prepare_database(self) -> None:
        deadline = time.monotonic() + DATABASE_WAIT_S
        while True:
            try:
                self._epoch = await prepare(self.database, self._aggregates if self._topic else ())
                await self.database[REFUSED_REACTIONS].create_index([("at", -1)])
                return
            except AWAY as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("waiting for mongodb: %s", type(error).__name__)
                await asyncio.sleep(0.5)

    async def _make_topics(self, also: Sequence[str] = ()) -> None:
        names = {name for name in (self._topic, *also) if name is not None}
        topics: list[Topic] = [topic_of(name) for name in sorted(names)]
        while True:
            try:
                await asyncio.wait_for(ensure_topics(self._settings.kafka_bootstrap_servers, topics), 15.0)
                self._topics_ready = True
                return
            except Exception as error:
                log.warning("waiting for kafka: %r", error)
                await asyncio.sleep(0.5)

    async def _start_reader(self, reader: Reader, topics: Sequence[str]) -> None:
        # Another service may own the topics and start later; whoever is first makes them.
        await self._make_topics(topics)
        await reader.start()

    async def _stop(self) -> None:
        """Consumers, then the relay, then the producer, each under its own time limit."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._reader is not None:
            await self._reader.stop()
        if self._relay is not None:
            await self._relay.stop()
        if self._producer is not None:
            await self._producer.stop()
        if self._client is not None:
            await close(self._client)


async def _answers(database: Database) -> bool:
    try:
        await asyncio.wait_for(database.command("ping"), 2.0)
    except TimeoutError:
        return False
    except AWAY:
        return False
    return True
