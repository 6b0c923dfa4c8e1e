"""The relay by itself, on a real mongod, with a Kafka and without one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from shared.contracts.agenda import Mission
from shared.domain import Change
from shared.messaging import relay as relay_module
from shared.messaging.metrics import OUTBOX_DEPTH, OUTBOX_OLDEST, TAKEN_OVER
from shared.messaging.producer import Producer
from shared.messaging.relay import Relay
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import JOURNAL, Database, Repository, close, connect, prepare
from shared.store.driver import Document
from shared.testing.builders import a_command, a_mission, scheduled
from shared.testing.waiting import eventually

NOBODY = "127.0.0.1:1"


@pytest.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    client = connect(mongodb_uri)
    made = client[database_name("agenda")]
    await prepare(made, ["missions"])
    yield made
    await close(client)


def missions_of(database: Database, relay: Relay | None = None) -> Repository[Mission]:
    return Repository(database["missions"], database[JOURNAL], Mission, epoch=1, relay=relay)


def retitled(title: str) -> Callable[[Mission | None], Change[Mission]]:
    return lambda _: scheduled(a_mission(title=title))


def value_of(metric: Any) -> float:
    return float(metric._value.get())


async def test_the_outbox_is_counted_whole_and_one_asks_for_a_kafka_that_is_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "SWEEP", 3)
    missions = missions_of(database)
    begun = datetime.now(UTC) - timedelta(seconds=100)
    for number in range(10):
        for event in range(number % 3 + 1):
            at = begun + timedelta(seconds=0 if (number, event) == (7, 0) else 50)
            await missions.put(f"mission-{number}", a_command(at=at), retitled(str(event)))
    relay = Relay(database, ["missions"], "nowhere", Producer(NOBODY, client_id="test"))
    taken = value_of(TAKEN_OVER)
    await relay.poll()
    assert value_of(OUTBOX_DEPTH) == 10
    assert 100 <= value_of(OUTBOX_OLDEST) < 160
    assert value_of(TAKEN_OVER) - taken <= 4, "one a page"
    await relay.stop()


class SlowPulls(Relay):
    """A relay whose outboxes are emptied only when the test says so."""

    may_pull = asyncio.Event()

    async def _pull(self, done: Sequence[tuple[str, str, list[str]]]) -> None:
        await self.may_pull.wait()
        await super()._pull(done)


async def test_the_next_event_does_not_wait_until_the_outbox_is_emptied(
    database: Database, kafka_bootstrap: str, topic_prefix: str
) -> None:
    topic = topic_of("ponte.agenda").prefixed(topic_prefix + ".")
    await ensure_topics(kafka_bootstrap, [topic])
    told: list[Document] = []
    producer = Producer(kafka_bootstrap, client_id="test")
    relay = SlowPulls(database, ["missions"], topic.name, producer, on_published=told.append)
    SlowPulls.may_pull = asyncio.Event()
    missions = missions_of(database, relay)

    def tells(sequences: list[int]) -> bool:
        return [row["sequence"] for row in told] == sequences

    for number in range(1, 4):
        await missions.put("mission-1", a_command(), retitled(str(number)))
        await eventually(partial(tells, list(range(1, number + 1))))
    stored = await database["missions"].find_one({"_id": "mission-1"})
    assert stored is not None
    assert len(stored["outbox"]) == 3
    SlowPulls.may_pull.set()

    async def emptied() -> bool:
        row = await database["missions"].find_one({"_id": "mission-1"})
        return row is not None and not row["outbox"]

    await eventually(emptied)
    assert await database[JOURNAL].count_documents({"subject": "mission-1"}) == 3
    await relay.stop()
    await producer.stop()


@pytest.mark.parametrize(
    "harm", [{"$unset": {"outbox.0.hash": ""}}, {"$set": {"outbox.0._id": ["no", "id"]}}]
)
async def test_an_event_that_cannot_be_handed_over_is_its_own_aggregates_failure_alone(
    database: Database, kafka_bootstrap: str, topic_prefix: str, harm: Document
) -> None:
    """No message can be made of the first, and the journal refuses the second."""
    topic = topic_of("ponte.agenda").prefixed(topic_prefix + ".")
    await ensure_topics(kafka_bootstrap, [topic])
    for number in range(3):
        await missions_of(database).put(f"mission-{number}", a_command(), retitled("title"))
    await database["missions"].update_one({"_id": "mission-1"}, harm)
    producer = Producer(kafka_bootstrap, client_id="test")
    relay = Relay(database, ["missions"], topic.name, producer)

    async def waiting() -> set[str]:
        await relay.poll()
        rows = await database["missions"].find({"outbox._id": {"$exists": True}}, {"_id": 1}).to_list()
        return {row["_id"] for row in rows}

    async def only_the_bad_one() -> bool:
        return await waiting() == {"mission-1"}

    await eventually(only_the_bad_one)
    assert await database[JOURNAL].count_documents({"subject": {"$ne": "mission-1"}}) == 2
    await relay.stop()
    await producer.stop()
