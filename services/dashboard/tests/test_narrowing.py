"""What an erasure takes out of the feed, whatever comes late, and whichever replica takes it in."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest

from services.dashboard.feed import Feed
from services.dashboard.store import MongoRegister
from services.dashboard.tests.test_store import an_event
from shared.contracts.agenda import MissionPersonErased, MissionScheduled
from shared.contracts.base import Person, Scrubbed
from shared.messaging.envelope import Received
from shared.messaging.generations import Generation
from shared.messaging.incoming import Event
from shared.messaging.scrubs import Scrubs
from shared.store import Database, close, connect
from shared.testing.builders import NOON, a_mission
from shared.testing.waiting import eventually

NAME = "Zoraide Malagrida"
HOLDER = Person(name=NAME, function="Councillor")


@pytest.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    client = connect(mongodb_uri)
    database = client[database_name("dashboard")]
    await a_feed(database).prepare()
    await Scrubs(database).prepare()
    yield database
    await close(client)


def a_feed(database: Database, generation: Generation | None = None) -> Feed:
    return Feed(database, generation or Generation(1), lambda _: None)


def a_wide(subject: str = "m", sequence: int = 1) -> Event:
    """An event that names somebody."""
    mission = a_mission(mission_id=subject, title=f"With {NAME}", holder=HOLDER)
    plain = an_event(subject, sequence)
    return Received(
        **{**_fields(plain), "type": MissionScheduled.TYPE, "data": MissionScheduled(mission=mission)}
    )


def an_erasure(
    subject: str = "m", sequence: int = 2, paths: tuple[str, ...] = ("title", "holder.name")
) -> Event:
    scrubbed = tuple(Scrubbed(epoch=1, sequence=1, path=f"mission.{path}") for path in paths)
    data = MissionPersonErased(
        mission=a_mission(mission_id=subject, title="With […]"), erasure_id="erasure-1", scrubbed=scrubbed
    )
    return Received(**{**_fields(an_event(subject, 2)), "type": data.TYPE, "data": data})


def _fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Received.__dataclass_fields__}


async def take(database: Database, feed: Feed, *events: Event) -> None:
    """As the reader does: what is gone is noted before anything is stored."""
    await Scrubs(database).note(events)
    await feed.apply(events)


async def rows(database: Database, suffix: str = "") -> dict[str, Any]:
    found = await database[f"feed{suffix}"].find({}).to_list()
    assert not [row for row in found if NAME in repr(row)]
    return {row["_id"]: row["data"]["mission"] for row in found}


async def test_rows_lose_what_the_erasure_tells_and_keep_the_rest(database: Database) -> None:
    feed = a_feed(database)
    await take(database, feed, a_wide(), a_wide("other"))
    await take(database, feed, an_erasure())
    found = await database["feed"].find_one({"_id": "m/1/1"})
    assert found is not None
    assert found["data"]["mission"]["title"] == "[…]"
    assert found["data"]["mission"]["holder"] == {"person_id": None, "name": None, "function": "Councillor"}
    assert MissionScheduled.model_validate(found["data"]).mission.starts_at >= NOON
    untouched = await database["feed"].find_one({"_id": "other/1/1"})
    assert untouched is not None
    assert untouched["data"]["mission"]["holder"]["name"] == NAME


@pytest.mark.parametrize("events", [(an_erasure(), a_wide()), (a_wide(), an_erasure())])
async def test_one_batch_in_any_order_stores_no_name(database: Database, events: tuple[Event, ...]) -> None:
    await take(database, a_feed(database), *events)
    assert set(await rows(database)) == {"m/1/1", "m/1/2"}


async def test_what_comes_after_the_erasure_is_narrowed_as_it_comes(database: Database) -> None:
    """A relay that was stopped with the event in its hands; its row is not there, as after a rebuild."""
    feed = a_feed(database)
    await take(database, feed, an_erasure())
    await take(database, a_feed(database), a_wide())
    await take(database, feed, a_wide())
    assert (await rows(database))["m/1/1"]["title"] == "[…]"


async def test_a_generation_that_is_being_built_is_narrowed_too(database: Database) -> None:
    await take(database, a_feed(database), a_wide(), an_erasure())
    built = a_feed(database, Generation(2, building=True))
    await built.prepare()
    await take(database, built, a_wide())
    assert (await rows(database, ".g2"))["m/1/1"]["title"] == "[…]"
    await take(database, built, an_erasure(), a_wide())
    assert set(await rows(database, ".g2")) == {"m/1/1", "m/1/2"}


async def test_two_replicas_at_the_same_moment_leave_no_name(database: Database) -> None:
    """One takes in the erasure while the other stores the event that it is about."""
    for number in range(40):
        subject = f"m{number}"
        await asyncio.gather(
            take(database, a_feed(database), a_wide(subject)),
            take(database, a_feed(database), an_erasure(subject)),
        )
    await rows(database)


async def test_what_pages_remember_of_it_is_forgotten(database: Database) -> None:
    """In every replica, also one that stored the rows itself; open pages begin anew."""
    registers = [MongoRegister(database) for _ in range(2)]
    for register in registers:
        await register.start()
    try:
        feed = registers[0].views(Generation(1))[1]
        assert isinstance(feed, Feed)
        await take(database, feed, a_wide())
        for register in registers:
            await eventually(partial(shows, register, 1))
            assert NAME in repr(await register.feed(after=0, limit=10))
        before = (await registers[0].head())[0]
        await take(database, feed, an_erasure())
        for register in registers:
            await eventually(partial(shows, register, 2))
            await eventually(partial(names_nobody, register))
        assert (await registers[0].head())[0] != before
    finally:
        for register in registers:
            await register.stop()


async def shows(register: MongoRegister, number: int) -> None:
    assert (await register.head())[1] == number


async def names_nobody(register: MongoRegister) -> None:
    assert NAME not in repr(await register.feed(after=0, limit=10))
