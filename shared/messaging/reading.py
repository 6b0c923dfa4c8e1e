"""The reader's side of the event flow: reader, views, reactions, dead letters and reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from shared.messaging.answers import Answers
from shared.messaging.brokers import Kafka
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.delivery import Delivery, nothing
from shared.messaging.generations import FIRST, Generation, Generations
from shared.messaging.inbox import Inbox
from shared.messaging.incoming import Incoming
from shared.messaging.owners import Owners
from shared.messaging.producer import Message, Producer
from shared.messaging.reacting import REFUSED_REACTIONS, Reaction, Reactions
from shared.messaging.reader import Reader
from shared.messaging.rebuild import Rebuilder
from shared.messaging.reconcile import Reconciler
from shared.messaging.topics import DEAD_LETTERS
from shared.messaging.viewing import Projection, Views
from shared.privacy.erasures import Erasures
from shared.store.driver import Database
from shared.store.roles import Reads, tell


class _Settings(Protocol):
    def brokers(self) -> Kafka: ...
    @property
    def database_prefix(self) -> str: ...
    @property
    def topic_prefix(self) -> str: ...


class Reading:
    """What a service needs to follow other units' events; ``sources`` are the owners' topics."""

    def __init__(
        self,
        database: Database,
        name: str,
        sources: Sequence[str],
        topics: Sequence[str],
        *,
        settings: _Settings,
        producer: Producer,
        views: Callable[[Generation], Sequence[Projection]] | None,
        reactions: Mapping[str, Reaction] | None,
        erasures: Erasures | None,
        answers: Answers | None,
    ) -> None:
        prefix = settings.topic_prefix
        self._database = database
        self._sources = tuple(sources)
        # Its own producer: a copy that the broker refuses must not replace the relay's.
        self._copies = Producer(settings.brokers(), client_id=f"ponte-{name}-dead-letters")

        async def copy(message: Message) -> None:
            await self._copies.send(prefix + DEAD_LETTERS, [message])

        self.letters = DeadLetters(database, service=name, copy=copy)
        self.generations = Generations(database, views) if views is not None else None
        self.owners = Owners(database, self.generations.heard if self.generations is not None else None)
        self._views = Views(self.generations, self.letters, self._behind) if self.generations else None
        self._reactions = (
            Reactions(database, reactions, self.letters, self._behind) if reactions is not None else None
        )
        self._rebuilder = (
            Rebuilder(
                database,
                self.generations,
                producer,
                service=name,
                topics=sources,
                topic_prefix=prefix,
                switched=self.ask_for_all_heads,
            )
            if self.generations is not None
            else None
        )
        self._delivery = Delivery(
            self.letters,
            topic_prefix=prefix,
            owners=self.owners,
            answers=answers,
            views=self._views,
            reactions=self._reactions,
            on_page=self._rebuilder.on_page if self._rebuilder is not None else None,
            # A reaction that was under way may have brought back what was erased here already.
            again=erasures.again if erasures is not None and reactions is not None else nothing,
        )
        self.reader = Reader(
            settings.brokers(),
            group=f"{settings.database_prefix}{name}",
            topics=topics,
            deliver=self._delivery,
            topic_prefix=prefix,
            lost=self.ask_for_all_heads,
        )
        self._reconciler = Reconciler(
            name,
            sources,
            inboxes=self._inboxes,
            progress=self.reader.progress,
            producer=producer,
            topic_prefix=prefix,
        )
        self._delivery.reconciler = self._reconciler

    async def prepare(self) -> None:
        """Make indexes and read what is remembered of the owners. Raises where MongoDB is away."""
        await self.letters.prepare()
        await self._database[REFUSED_REACTIONS].create_index([("at", -1)])
        await self.owners.load()
        if self._sources:
            await tell(self._database, self._reads())
        if self._views is not None:
            await self._views.prepare()

    async def start(self) -> None:
        """Begin to read; the topics exist."""
        await self.letters.start()
        await self.reader.start()
        await self._reconciler.start()
        if self._rebuilder is not None:
            await self._rebuilder.start()

    async def stop(self) -> None:
        """Finish the batch under way and commit, within a time limit."""
        if self._rebuilder is not None:
            await self._rebuilder.stop()
        await self._reconciler.stop()
        await self.reader.stop()
        await self.letters.stop()
        with suppress(Exception):
            await self._copies.stop()

    def ask_for_all_heads(self) -> None:
        """Messages may be missing: every owner is asked where its aggregates stand."""
        self._reconciler.ask_for_all_heads()

    def _reads(self) -> Reads:
        views, first = self.generations, FIRST
        return Reads(
            topics=self._sources,
            reactions=self._reactions is not None,
            views=views is not None,
            states=views.collections(first, histories=False) if views is not None else (),
            histories=views.collections(first, histories=True) if views is not None else (),
            selected=views.selected() if views is not None else (),
            passed_over=views.passed_over() if views is not None else (),
        )

    def _behind(self, item: Incoming) -> None:
        self._reconciler.want(item.topic, item.event.subject, item.event.place, item.event.hash)

    async def _inboxes(self) -> Sequence[Inbox]:
        found = await self._views.inboxes(building=False) if self._views is not None else []
        return [*found, self._reactions.inbox] if self._reactions is not None else found
