"""The projections on a real mongod: repeated, reordered and concurrent deliveries."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest

from services.dashboard.feed import Feed
from services.dashboard.projections import LatestStates
from services.dashboard.store import MongoRegister
from shared.contracts.agenda import MissionRescheduled, MissionScheduled
from shared.messaging.envelope import Received
from shared.messaging.generations import Generation
from shared.messaging.incoming import Event
from shared.store import Database, close, connect
from shared.testing.builders import NOON, a_mission
from shared.testing.waiting import eventually


@pytest.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    client = connect(mongodb_uri)
    database = client[database_name("dashboard")]
    await a_feed(database).prepare()
    yield database
    await close(client)


def a_feed(database: Database) -> Feed:
    return Feed(database, Generation(1), lambda _: None)


def an_event(subject: str, sequence: int, *, epoch: int = 1) -> Event:
    model = MissionScheduled if sequence == 1 else MissionRescheduled
    return Received(
        id=f"{subject}-{epoch}-{sequence}",
        type=model.TYPE,
        source="/ponte/agenda",
        subject=subject,
        time=NOON + timedelta(minutes=sequence),
        epoch=epoch,
        sequence=sequence,
        correlation_id="c",
        actor="officer-1",
        traceparent=None,
        data=model(mission=a_mission(mission_id=subject, title=f"{epoch}.{sequence}")),
    )


async def titles(database: Database) -> dict[str, str]:
    rows = await database["missions"].find({}).to_list()
    return {row["_id"]: row["state"]["title"] for row in rows}


async def numbers(database: Database) -> list[tuple[int, str]]:
    rows = await database["feed"].find({}).sort("number", 1).to_list()
    return [(row["number"], row["_id"]) for row in rows]


async def test_an_older_event_never_overwrites_a_newer_state(database: Database) -> None:
    states = LatestStates(database, Generation(1))
    await states.apply([an_event("m", 2), an_event("m", 1), an_event("n", 1)])
    assert await titles(database) == {"m": "1.2", "n": "1.1"}
    await states.apply([an_event("m", 1)])
    await states.apply([an_event("m", 2)])
    assert (await titles(database))["m"] == "1.2"
    await states.apply([an_event("m", 1, epoch=2)])
    assert (await titles(database))["m"] == "2.1"


async def test_the_feed_takes_every_event_once(database: Database) -> None:
    feed = a_feed(database)
    await feed.apply([an_event("m", 1), an_event("m", 2), an_event("m", 1)])
    await feed.apply([an_event("m", 2), an_event("m", 3)])
    assert await numbers(database) == [(1, "m/1/1"), (2, "m/1/2"), (3, "m/1/3")]


async def test_replicas_number_the_feed_without_gap_or_double(database: Database) -> None:
    feeds = [a_feed(database) for _ in range(4)]
    # Each replica has subjects of its own, and all have some that a rebalance delivered to several.
    batches = [
        [an_event(f"r{r}-{k}", 1) for k in range(10)] + [an_event(f"all-{k}", 1) for k in range(10)]
        for r in range(4)
    ]
    await asyncio.gather(*(feed.apply(batch) for feed, batch in zip(feeds, batches, strict=True)))
    rows = await numbers(database)
    assert [number for number, _ in rows] == list(range(1, 51))
    assert len({place for _, place in rows}) == 50


async def test_who_waits_for_the_feed_is_told(database: Database) -> None:
    register = MongoRegister(database)
    other = MongoRegister(database)
    await register.start()
    await other.start()
    try:
        assert (await register.head())[0] == (await other.head())[0]
        waiting = asyncio.create_task(other.wait(0, 10))
        feed = register.views(Generation(1))[1]
        await feed.apply([an_event("m", 1), an_event("m", 2)])
        assert await waiting == 2
        await eventually(lambda: register.wait(1, 1))
        assert [entry.number for entry in await register.feed(limit=10)] == [2, 1]
        assert [entry.number for entry in await register.feed(after=0, limit=1)] == [1]
        assert [entry.number for entry in await register.feed(before=2, limit=5)] == [1]
        assert await register.wait(2, 0.05) == 2
    finally:
        await register.stop()
        await other.stop()


async def test_what_was_not_read_back_is_what_is_stored(database: Database) -> None:
    first, second = MongoRegister(database), MongoRegister(database)
    await first.start()
    await second.start()
    try:
        feeds = [register.views(Generation(1))[1] for register in (first, second)]
        for number in range(12):
            # Each replica in turn takes in several: what the other one numbered has to be looked up.
            await feeds[number // 3 % 2].apply([an_event(f"m-{number}", k) for k in (1, 2)])
        for register in (first, second):
            await eventually(lambda register=register: register.wait(23, 1))  # type: ignore[misc]
            number = 0
            while entries := await register.feed(after=number, limit=5):
                assert [entry.number for entry in entries] == list(
                    range(number + 1, number + len(entries) + 1)
                )
                number = entries[-1].number
            assert number == 24
        late = MongoRegister(database)
        await late.start()
        read = await late.feed(after=0, limit=100)
        await late.stop()
        assert await first.feed(after=0, limit=100) == read == await second.feed(after=0, limit=100)
        for after in range(24):
            assert await second.feed(after=after, limit=100) == read[after:]
    finally:
        await first.stop()
        await second.stop()


async def test_the_last_visit_is_remembered(database: Database) -> None:
    register = MongoRegister(database)
    assert await register.last_visit("director") is None
    await register.visited("director", NOON)
    assert await register.last_visit("director") == NOON
