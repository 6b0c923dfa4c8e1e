"""The parts of one service, started and stopped in the right order from its lifespan."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pydantic import BaseModel

from shared.messaging.ahead import topic_ahead
from shared.messaging.engines import EngineSettings, answers
from shared.messaging.erased_letters import WAYS
from shared.messaging.generations import Generation
from shared.messaging.own_topic import OwnersProducer, OwnTopic
from shared.messaging.producer import Producer
from shared.messaging.publishing import Publishing
from shared.messaging.reacting import Reaction
from shared.messaging.reading import Reading
from shared.messaging.tasks import end
from shared.messaging.topics import DEAD_LETTERS as DEAD_LETTERS_TOPIC
from shared.messaging.topics import HEADS, REPUBLISH, replay_topic, topic_of
from shared.messaging.topics_keeper import TopicsKeeper
from shared.messaging.viewing import Projection
from shared.privacy.erasable import Erasable
from shared.privacy.erasures import Erasures
from shared.store.checkpointing import Auditing, Checkpoints
from shared.store.driver import AWAY, Client, Database, close, connect
from shared.store.due import Due
from shared.store.migrations import Migration
from shared.store.presence import Presence
from shared.store.repository import Repository
from shared.store.roles import Owns, tell
from shared.store.schema import Upcasts
from shared.store.setup import JOURNAL, prepare
from shared.store.trail_writer import Trail
from shared.telemetry.ending import ending

log = logging.getLogger("ponte.runtime")

S = TypeVar("S", bound=BaseModel)

DATABASE_WAIT_S = 60.0
RELAY_STUCK_S = 60.0


class ServiceRuntime:
    """Store, relay and reader of one service.

    ``topic`` is what the service publishes on (null: it publishes nothing), ``aggregates`` the names of its
    aggregates' collections, ``auditing`` how journal and trail are secured (null: without checkpoints),
    ``erasables`` how somebody is erased from the aggregates. Made without I/O; ``running()`` opens it all.
    """

    def __init__(
        self,
        settings: EngineSettings,
        name: str,
        *,
        topic: str | None = None,
        aggregates: Sequence[str] = (),
        auditing: Auditing | None = None,
        erasables: Sequence[Erasable[Any]] = (),
    ) -> None:
        self.name = name
        self.trail = Trail()
        """Who was refused, and who has read what is reserved."""
        self._settings = settings
        self._topic = topic
        self.aggregates = tuple(aggregates)
        """The collections of what the service owns."""
        self._auditing = auditing
        self._erasables = tuple(erasables)
        self._erasures: Erasures | None = None
        self._client: Client | None = None
        self._database: Database | None = None
        self._presence: Presence | None = None
        self._epoch = 0
        self._producer: Producer | None = None
        self._publishing: Publishing | None = None
        self._checkpoints: Checkpoints | None = None
        self._repositories: dict[str, Repository[Any]] = {}
        self._reading: Reading | None = None
        self._keeper: TopicsKeeper | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def database(self) -> Database:
        """The service's own database. Raises ``RuntimeError`` before ``running()``."""
        if self._database is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._database

    @property
    def erasures(self) -> Erasures:
        """Erases people. Raises ``RuntimeError`` before ``running()``."""
        if self._erasures is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._erasures

    @property
    def producer(self) -> Producer:
        """Sends to Kafka. Raises ``RuntimeError`` before ``running()``."""
        if self._producer is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._producer

    def repository(
        self,
        collection: str,
        model: type[S],
        *,
        what: str,
        due: Due[S] | None = None,
        upcasts: Upcasts | None = None,
    ) -> Repository[S]:
        """The aggregates of ``collection``; ``what`` names their id in refusals, such as ``mission_id``.

        ``due`` tells when one becomes due, for ``Timers``; ``upcasts`` how older stored states are read.
        """
        known = self._repositories.get(collection)
        if known is None:
            known = self._repositories[collection] = Repository(
                self.database[collection],
                self.database[JOURNAL],
                model,
                epoch=self._epoch,
                relay=self._publishing.relay if self._publishing is not None else None,
                what=what,
                due=due,
                upcasts=upcasts,
            )
            if upcasts:
                migration = Migration(known.collection, known.schema)
                self._tasks.append(asyncio.create_task(migration.run()))
        return known

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ServiceRuntime]:
        """MongoDB has to be there; Kafka may come later: commands are accepted meanwhile."""
        self._client = connect(self._settings.mongodb_uri, self._settings.mongodb_driver)
        self._database = self._client[f"{self._settings.database_prefix}{self.name}"]
        try:
            self._presence = Presence(self._database, self.name, ending.begin)
            await self._prepare_database(self._presence)
            await self.trail.open(self._database)
            self._erasures = Erasures(
                self._database, self.name, self._epoch, erasables=self._erasables, ways=WAYS
            )
            await self._erasures.apply_again()
            self._producer = await self._make_producer()
            if self._topic is not None:
                self._publishing = Publishing(
                    self._database,
                    self.aggregates,
                    topic=self._topic,
                    epoch=self._epoch,
                    producer=self._producer,
                    topic_prefix=self._settings.topic_prefix,
                    failed=self._look_at_topics,
                )
                await self._publishing.start()
            if self._auditing is not None:
                self._checkpoints = Checkpoints(
                    self._database,
                    self.aggregates,
                    service=self.name,
                    epoch=self._epoch,
                    auditing=self._auditing,
                )
                await self._checkpoints.start()
            self._erasures.start(self._publishing.relay if self._publishing is not None else None)
            yield self
        finally:
            await self._stop()

    async def read(
        self,
        topics: Sequence[str] = (),
        *,
        views: Callable[[Generation], Sequence[Projection]] | None = None,
        reactions: Mapping[str, Reaction] | None = None,
    ) -> None:
        """Begin to read ``topics`` as the consumer group of this service's name, and to answer readers.

        ``views`` makes the projections of one generation of the service's views.
        """
        every = [*topics]
        if topics:
            every += [HEADS, replay_topic(self.name)]
        if self._topic is not None:
            every.append(REPUBLISH)
        self._reading = Reading(
            self.database,
            self.name,
            topics,
            every,
            settings=self._settings,
            producer=self.producer,
            views=views,
            reactions=reactions,
            erasures=self._erasures,
            answers=self._publishing.answers if self._publishing is not None else None,
        )
        also = [HEADS, REPUBLISH, DEAD_LETTERS_TOPIC, *([self._topic] if self._topic else [])]
        prefix = self._settings.topic_prefix
        self._keeper = TopicsKeeper(
            self._settings.brokers(),
            [topic_of(name).prefixed(prefix) for name in sorted({*every, *also})],
            self._reading.ask_for_all_heads,
        )
        await self._reading.prepare()
        await self._keeper.start()
        self._tasks.append(asyncio.create_task(self._start_reading(self._reading, self._keeper)))

    async def problems(self) -> list[str]:
        """Why this service is not ready, in words for its operators; empty if it is."""
        found: list[str] = []
        if self._database is None or not await answers(self._database):
            found.append("mongodb does not answer")
        return found + self.unheard()

    def unheard(self) -> list[str]:
        """What keeps this service from hearing of other units' events now; empty while it hears."""
        found: list[str] = []
        if self._keeper is None or self._keeper.away or not self._keeper.ready.is_set():
            found.append("kafka does not answer")
        if self._reading is not None:
            found.extend(self._reading.reader.problems())
        return found

    def stuck(self) -> list[str]:
        """What no longer moves and wants the process restarted; empty while all is alive."""
        found: list[str] = []
        relay = self._publishing.relay if self._publishing is not None else None
        if relay is not None and time.monotonic() - relay.last_poll > RELAY_STUCK_S:
            found.append("relay")
        if self._reading is not None and self._reading.reader.stuck():
            found.append("reader")
        return found

    def _look_at_topics(self, error: BaseException) -> None:
        if self._keeper is not None:
            self._keeper.look(error)

    async def _make_producer(self) -> Producer:
        """An owner's looks at its topic first. Raises ``CannotGoOn`` where the topic is ahead."""
        kafka, client_id = self._settings.brokers(), f"ponte-{self.name}"
        if self._topic is None:
            return Producer(kafka, client_id=client_id)
        name = self._settings.topic_prefix + self._topic

        async def look() -> str | None:
            return await topic_ahead(self.database, self.aggregates, name, kafka, self._epoch)

        own_topic = OwnTopic(look, ending.begin)
        await own_topic.at_start()
        return OwnersProducer(kafka, client_id=client_id, own_topic=own_topic)

    async def _prepare_database(self, presence: Presence) -> None:
        deadline = time.monotonic() + DATABASE_WAIT_S
        while True:
            try:
                await presence.enter()
                self._epoch = await prepare(self.database, self.aggregates if self._topic else ())
                if self._topic is not None:
                    await tell(self.database, Owns(self._topic, self.aggregates))
                presence.holds(self._epoch)
                return
            except AWAY as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("waiting for mongodb: %s", type(error).__name__)
                await asyncio.sleep(0.5)

    async def _start_reading(self, reading: Reading, keeper: TopicsKeeper) -> None:
        # Another service may own the topics and start later; whoever is first makes them.
        await keeper.ready.wait()
        await reading.start()

    async def _stop(self) -> None:
        """Consumers, then what is to be kept, then the producer, each under its own time limit."""
        for task in self._tasks:
            await end(task)
        kept = (self.trail, self._publishing, self._checkpoints)
        for part in (self._erasures, self._reading, self._keeper, *kept, self._producer):
            if part is not None:
                await part.stop()
        if self._presence is not None:
            await self._presence.stop()
        if self._client is not None:
            await close(self._client)
