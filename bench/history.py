"""A past for the agenda, without sending every command: aggregates, journal and topic as they would be.

Each mission is proposed by the domain; what follows are corrections of its title, chained as the store does.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer

from bench import rig
from services.agenda import domain
from services.agenda.domain import MissionState, Plan
from shared.contracts import agenda
from shared.contracts.agenda import Leg, Purpose
from shared.contracts.base import Person, Place
from shared.domain import Change
from shared.messaging.envelope import to_message
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import Command, close, connect
from shared.store.document import Snapshot
from shared.store.driver import Document
from shared.store.events import chain_hash, event_key
from shared.store.setup import JOURNAL, prepare

CHUNK = 1000
EPOCH = 1
BASE = datetime(2027, 1, 4, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Size:
    """How much past there is."""

    missions: int
    events: int


def subject_of(number: int) -> str:
    """The id of the mission of that number."""
    return f"mission-{number:020x}"


def _first(number: int) -> tuple[Document, Document]:
    """The aggregate's document and its first event."""
    # One after the other, back from a day to come: a register grows by what is over.
    starts = BASE - timedelta(days=2 * number) + timedelta(days=60)
    leg = Leg(place=Place(**rig.PLACE), starts_at=starts, ends_at=starts + timedelta(hours=32))
    plan = Plan(
        title=f"{rig.MISSION['title']} {number}",
        purpose=Purpose.MEETING,
        holder=Person(function="Mayor"),
        delegation=(Person(function="Councillor for International Relations"),),
        legs=(leg,),
    )
    command = Command(
        name="propose", client="bench", actor="officer-1", at=datetime.now(UTC), correlation_id="bench"
    )
    change: Change[MissionState] = domain.propose(subject_of(number), plan)
    draft = Snapshot(None, subject_of(number)).draft(change, command, epoch=EPOCH, relay=None)
    (event,) = draft.update["$push"]["outbox"]["$each"]
    return {"_id": subject_of(number), **draft.update["$set"], "outbox": []}, event


def _next(event: Document, number: int) -> Document:
    """The event after ``event``: the title was corrected."""
    sequence = event["sequence"] + 1
    following = {
        **event,
        "_id": event_key(event["subject"], EPOCH, sequence),
        "sequence": sequence,
        "version": event["version"] + 1,
        "type": agenda.MissionCorrected.TYPE,
        "command": "correct",
        "data": copy.deepcopy(event["data"]),
        "previous": event["hash"],
        "previous_epoch": EPOCH,
    }
    following["data"]["mission"]["title"] = f"{rig.MISSION['title']} {number}"
    following["data"]["fields"] = ["title"]
    following["hash"] = chain_hash(following)
    return following


def _events(heads: list[Document], size: Size) -> Iterator[list[Document]]:
    """All events in the order of their making, chunk by chunk; ``heads`` is kept up to date."""
    chunk: list[Document] = list(heads)
    for number in range(len(heads), size.events):
        place = number % len(heads)
        heads[place] = _next(heads[place], number)
        chunk.append(heads[place])
        if len(chunk) >= CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def outboxes(missions: int, each: int) -> dict[str, list[Document]]:
    """Outboxes with so many events each, by subject."""
    found = {}
    for number in range(missions):
        _, event = _first(number)
        events = [event]
        while len(events) < each:
            events.append(_next(events[-1], number))
        found[subject_of(number)] = events
    return found


async def write(engines: rig.Engines, system: rig.SystemUnderTest, size: Size) -> None:
    """Write a past of ``size`` into the agenda's database and its topic; the agenda must not run yet."""
    topic = f"{system.environment['PONTE_TOPIC_PREFIX']}{agenda.TOPIC}"
    await ensure_topics(
        engines.kafka.bootstrap_servers,
        [topic_of(agenda.TOPIC).prefixed(system.environment["PONTE_TOPIC_PREFIX"])],
    )
    client = connect(engines.mongod.uri, "pymongo")
    producer = AIOKafkaProducer(
        bootstrap_servers=engines.kafka.bootstrap_servers, acks="all", enable_idempotence=True, linger_ms=1
    )
    await producer.start()
    try:
        database = client[f"{system.prefix}agenda"]
        await prepare(database, ("missions",))
        made = [_first(number) for number in range(size.missions)]
        heads = [event for _, event in made]
        for events in _events(heads, size):
            await asyncio.gather(
                database[JOURNAL].insert_many(events, ordered=False), publish(producer, topic, events)
            )
        documents = []
        for (document, _), head in zip(made, heads, strict=True):
            document.update(
                sequence=head["sequence"], version=head["version"], head_hash=head["hash"], commands={}
            )
            document["state"]["title"] = head["data"]["mission"]["title"]
            documents.append(document)
        for start in range(0, len(documents), CHUNK):
            await database["missions"].insert_many(documents[start : start + CHUNK], ordered=False)
    finally:
        await producer.stop()
        await close(client)


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
        return (ended[1] - began[1]) / max(ended[0] - began[0], 1e-6)


def _ignore(_: int) -> None:
    """Nobody wants to know."""


async def watch_feed(
    engines: rig.Engines,
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
