"""A past for the agenda, without sending every command: aggregates, journal and topic as they would be.

Each mission is proposed by the domain; what follows are corrections of its title, chained as the store does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

import bson
from aiokafka import AIOKafkaProducer

from bench import contenders
from bench.engines import Engines
from services.agenda import domain
from services.agenda.domain import MissionState, Plan
from shared.contracts import agenda
from shared.contracts.agenda import Leg, Purpose
from shared.contracts.base import Person, Place
from shared.domain import Change
from shared.messaging.envelope import to_message
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import Command, close, connect
from shared.store.changed import Changed
from shared.store.document import Snapshot
from shared.store.driver import Document
from shared.store.events import public_body, store_event
from shared.store.setup import JOURNAL, prepare

CHUNK = 1000
EPOCH = 1


@dataclass(frozen=True, slots=True)
class Size:
    """How much past there is."""

    missions: int
    events: int


def subject_of(number: int) -> str:
    """The id of the mission of that number."""
    return f"mission-{number:020x}"


def _first(number: int) -> tuple[Document, list[Document]]:
    """The aggregate's document and its first events: what is over was completed."""
    now = datetime.now(UTC)
    # One after the other, back from a day to come: a register grows by what is over.
    starts = now + timedelta(days=60 - 2 * number)
    leg = Leg(place=Place(**contenders.PLACE), starts_at=starts, ends_at=starts + timedelta(hours=32))
    plan = Plan(
        title=f"{contenders.MISSION['title']} {number}",
        purpose=Purpose.MEETING,
        holder=Person(function="Mayor"),
        delegation=(Person(function="Councillor for International Relations"),),
        legs=(leg,),
    )
    command = _command("propose", now)
    change: Change[MissionState] = domain.propose(subject_of(number), plan)
    change = change.then(domain.schedule(change.state))
    if leg.ends_at < now:
        change = change.then(domain.complete(change.state, now))
    draft = Snapshot(None, subject_of(number)).draft(change, command, epoch=EPOCH, relay=None)
    # The draft's update is bytes already, for the driver's sake.
    update: Document = bson.decode(bson.encode(draft.update), bson.CodecOptions(tz_aware=True))
    events: list[Document] = update["$push"]["outbox"]["$each"]
    return {"_id": subject_of(number), **update["$set"], "outbox": []}, events


def _next(event: Document, number: int) -> Document:
    """The event after ``event``: the title was corrected."""
    before = public_body(event)["mission"]
    mission = {**before, "title": f"{contenders.MISSION['title']} {number}"}
    return store_event(
        agenda.MissionCorrected.model_validate({"mission": mission, "fields": ["title"]}),
        _command("correct", datetime.fromisoformat(event["time"])),
        subject=event["subject"],
        epoch=EPOCH,
        sequence=event["sequence"] + 1,
        version=event["version"] + 1,
        previous=event["hash"],
        previous_epoch=EPOCH,
        changed=[Changed("title", before["title"], mission["title"])],
    )


def _command(name: str, at: datetime) -> Command:
    return Command(name=name, client="bench", actor="officer-1", at=at, correlation_id="bench")


def _chunks(events: Iterable[Document]) -> Iterator[list[Document]]:
    waiting = iter(events)
    while chunk := list(islice(waiting, CHUNK)):
        yield chunk


def _further(heads: list[Document], start: int, end: int, among: int) -> Iterator[Document]:
    """Events in the order of their making, round robin over the first of ``heads``, kept up to date."""
    for number in range(start, end):
        place = number % among
        heads[place] = _next(heads[place], number)
        yield heads[place]


def outboxes(missions: int, each: int) -> dict[str, list[Document]]:
    """Outboxes with so many events each, by subject."""
    found = {}
    for number in range(missions):
        _, events = _first(number)
        while len(events) < each:
            events.append(_next(events[-1], number))
        found[subject_of(number)] = events[:each]
    return found


class Past:
    """The agenda's past, as it is written: journal and topic first, the aggregates once it is complete."""

    def __init__(self, engines: Engines, system: contenders.SystemUnderTest) -> None:
        self._engines = engines
        self._prefix = system.prefix
        self._logical = topic_of(agenda.TOPIC).prefixed(system.environment["PONTE_TOPIC_PREFIX"])
        self._documents: list[Document] = []
        self._heads: list[Document] = []

    async def begin(self, size: Size) -> None:
        """Write the events of ``size``."""
        made = [_first(number) for number in range(size.missions)]
        self._documents = [document for document, _ in made]
        self._heads = [events[-1] for _, events in made]
        first = [event for _, events in made for event in events]
        if len(first) > size.events:
            raise ValueError(f"{size.missions} missions have {len(first)} events, more than {size.events}")
        await ensure_topics(self._engines.kafka.bootstrap_servers, [self._logical])
        await self._write(chain(first, _further(self._heads, len(first), size.events, size.missions)))

    async def more(self, events: int, among: int) -> None:
        """Write so many further events of the first ``among`` aggregates."""
        await self._write(_further(self._heads, 0, events, among))

    async def complete(self) -> None:
        """Write the aggregates as they stand after all events: now the agenda may start."""
        for document, head in zip(self._documents, self._heads, strict=True):
            document.update(
                sequence=head["sequence"], version=head["version"], head_hash=head["hash"], commands={}
            )
            document["state"]["title"] = public_body(head)["mission"]["title"]
        client = connect(self._engines.mongod.uri, "pymongo")
        try:
            missions = client[f"{self._prefix}agenda"]["missions"]
            for start in range(0, len(self._documents), CHUNK):
                await missions.insert_many(self._documents[start : start + CHUNK], ordered=False)
        finally:
            await close(client)

    async def _write(self, events: Iterable[Document]) -> None:
        client = connect(self._engines.mongod.uri, "pymongo")
        database = client[f"{self._prefix}agenda"]
        producer = AIOKafkaProducer(
            bootstrap_servers=self._engines.kafka.bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            linger_ms=1,
        )
        await producer.start()
        try:
            await prepare(database, ("missions",))
            for chunk in _chunks(events):
                await asyncio.gather(
                    database[JOURNAL].insert_many(chunk, ordered=False),
                    publish(producer, self._logical.name, chunk),
                )
        finally:
            await producer.stop()
            await close(client)


async def write(engines: Engines, system: contenders.SystemUnderTest, size: Size) -> None:
    """Write a past of ``size`` into the agenda's database and its topic; the agenda must not run yet."""
    past = Past(engines, system)
    await past.begin(size)
    await past.complete()


async def publish(producer: AIOKafkaProducer, topic: str, events: Sequence[Document]) -> None:
    """Hand the events over in order and wait for all acknowledgements."""
    sent = []
    for event in events:
        key, value, headers = to_message(event, "/ponte/agenda")
        sent.append(await producer.send(topic, key=key, value=value, headers=headers))
    await asyncio.gather(*sent)


@dataclass
class Course:
    """How many events had been taken in at which moment."""

    moments: list[tuple[float, int]]

    def rate(self, total: int, low: float = 0.1) -> float:
        """Events/s from the moment when ``low`` of ``total`` was in to the end: starting is not counted."""
        began = next((at, seen) for at, seen in self.moments if seen >= low * total)
        ended = next((at, seen) for at, seen in self.moments if seen >= total)
        if began == ended:
            raise ValueError(f"{total} events came at once: too few for a rate")
        return (ended[1] - began[1]) / (ended[0] - began[0])


def _ignore(_: int) -> None:
    """Nobody wants to know."""


async def watch_feed(
    engines: Engines,
    prefix: str,
    total: int,
    *,
    within: float = 900.0,
    on_progress: Callable[[int], None] = _ignore,
) -> Course:
    """Follow how the dashboard's feed grows, until it has ``total`` entries.

    Raises ``TimeoutError`` with what was there.
    """
    client = connect(engines.mongod.uri, "pymongo")
    feed = client[f"{prefix}dashboard"]["feed"]
    course = Course([])
    deadline = time.monotonic() + within
    try:
        while True:
            last: dict[str, Any] | None = await feed.find_one({}, {"number": 1}, sort=[("number", -1)])
            seen = int(last["number"]) if last and "number" in last else 0
            if not course.moments or course.moments[-1][1] != seen:
                course.moments.append((time.monotonic(), seen))
                on_progress(seen)
            if seen >= total:
                return course
            if time.monotonic() > deadline:
                raise TimeoutError(f"{seen} of {total} events within {within:g} s")
            await asyncio.sleep(0.02)
    finally:
        await close(client)
