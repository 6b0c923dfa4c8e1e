"""The feed in a generation that is built, switched to, and fed by a replica that has not noticed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.dashboard.feed import Feed
from services.dashboard.store import MongoRegister
from services.dashboard.tests.test_store import an_event, numbers
from shared.messaging.generations import Generation, Generations, begin_anew, build_of, request, request_id
from shared.messaging.incoming import Event
from shared.store import Database, close, connect
from shared.store.driver import Driver
from shared.testing.builders import NOON

OLD, BUILT, LIVE = Generation(1), Generation(2, building=True), Generation(2)


@pytest.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Database]:
    driver: Driver = request.param
    client = connect(mongodb_uri, driver)
    yield client[database_name("dashboard")]
    await close(client)


async def a_feed(database: Database, generation: Generation) -> Feed:
    feed = Feed(database, generation, lambda _: None)
    await feed.prepare()
    return feed


async def order(database: Database) -> list[tuple[int, str]]:
    rows = await database["feed.g2"].find({}).sort("number", 1).to_list()
    assert not [row for row in rows if "waiting" in row and "number" in row]
    return [(row.get("number", 0), row["_id"]) for row in rows]


async def test_a_built_feed_is_numbered_as_it_was_recorded(database: Database) -> None:
    old = await a_feed(database, OLD)
    for subject, sequence in (("b", 1), ("a", 1), ("b", 2)):
        await old.apply([an_event(subject, sequence)])
        await asyncio.sleep(0.002)
    built = await a_feed(database, BUILT)
    # As the journal lists them; c was never seen, and happened before the others were recorded.
    await built.apply([an_event("a", 1), an_event("b", 1), an_event("b", 2)])
    before = datetime(2026, 1, 2, tzinfo=UTC)
    await built.apply([*(replace(an_event("c", n), time=before) for n in (1, 2)), an_event("b", 2)])
    assert sorted(number for number, _ in await order(database)) == [0, 0, 1, 2, 3]
    assert await built.complete(OLD) == 5
    recorded = {row["_id"]: row["recorded_at"] for row in await database["feed"].find({}).to_list()}
    rebuilt = {row["_id"]: row["recorded_at"] for row in await database["feed.g2"].find({}).to_list()}
    assert rebuilt.items() >= recorded.items()
    assert rebuilt["c/1/2"] == before
    own = [place for _, place in await numbers(database)]
    new = [place for _, place in await order(database)]
    assert [place for place in new if place in own] == own
    assert await order(database) == list(enumerate(new, start=1))


async def test_what_the_old_feed_had_keeps_its_number(database: Database) -> None:
    old = await a_feed(database, OLD)
    for subject, sequence in (("b", 1), ("a", 1), ("b", 2)):
        await old.apply([an_event(subject, sequence)])
    first = await a_feed(database, BUILT)
    await old.apply([an_event("c", 1)])
    second = await a_feed(database, BUILT)
    await first.apply([an_event("a", 1), an_event("b", 1)])
    # What came after the build began waits, whichever replica takes it in; c's second happened just now.
    latest = replace(an_event("c", 2), time=datetime.now(UTC))
    await second.apply([an_event("b", 1), an_event("b", 2), an_event("c", 1), latest])
    assert await order(database) == [(0, "c/1/1"), (0, "c/1/2"), (1, "b/1/1"), (2, "a/1/1"), (3, "b/1/2")]
    assert await second.complete(OLD) == 2
    kept = [(1, "b/1/1"), (2, "a/1/1"), (3, "b/1/2")]
    assert await order(database) == [*kept, (4, "c/1/1"), (5, "c/1/2")]
    assert await first.complete(OLD) == 0


async def test_numbers_that_leave_a_gap_are_not_kept(database: Database) -> None:
    """The owner was restored: what the old feed had of b is no more."""
    old = await a_feed(database, OLD)
    for subject, sequence in (("a", 1), ("b", 1), ("a", 2)):
        await old.apply([an_event(subject, sequence)])
    built = await a_feed(database, BUILT)
    await built.apply([an_event("a", 1)])
    await built.complete(OLD)
    # From now on nobody keeps an old number.
    await built.apply([an_event("a", 2)])
    await built.complete(OLD)
    assert await order(database) == [(1, "a/1/1"), (2, "a/1/2")]


@pytest.mark.parametrize("healed", ["before", "later"])
async def test_an_old_order_that_a_healed_gap_broke_is_not_kept(database: Database, healed: str) -> None:
    old = await a_feed(database, OLD)
    for sequence in (1, 3):
        await old.apply([an_event("m", sequence)])
    if healed == "before":
        await old.apply([an_event("m", 2), an_event("n", 1)])
    built = await a_feed(database, BUILT)
    if healed == "later":
        await old.apply([an_event("m", 2), an_event("n", 1)])
    for event in (an_event("m", 1), an_event("m", 2), an_event("m", 3), an_event("n", 1)):
        await built.apply([event])
    await built.complete(OLD)
    assert [place for _, place in await order(database)] == ["m/1/1", "m/1/2", "m/1/3", "n/1/1"]


async def test_a_subject_keeps_its_order_whatever_the_clocks_say(database: Database) -> None:
    built = await a_feed(database, BUILT)
    events = [an_event("m", n) for n in (1, 2, 3)]
    await built.apply(events)
    await database["feed.g2"].update_one(
        {"_id": "m/1/1"}, {"$set": {"recorded_at": NOON + timedelta(days=1)}}
    )
    await built.complete(OLD)
    assert await order(database) == [(1, "m/1/1"), (2, "m/1/2"), (3, "m/1/3")]


async def test_rows_that_come_while_others_are_numbered_follow_them(database: Database) -> None:
    built = await a_feed(database, BUILT)
    await built.apply([an_event("m", n) for n in (1, 2)])
    assert await built.complete(OLD) == 2
    await built.apply([an_event("a", 1), an_event("m", 3), an_event("m", 1)])
    assert await built.complete(OLD) == 2
    assert await built.complete(OLD) == 0
    assert [number for number, _ in await order(database)] == [1, 2, 3, 4]


async def test_a_replica_that_missed_the_switch_leaves_no_gap(database: Database) -> None:
    """One numbers as they come, the other still inserts without; then its batch goes round again."""
    late, live = await a_feed(database, BUILT), await a_feed(database, LIVE)
    await late.apply([an_event("m", 1)])
    await live.apply([an_event("n", 1), an_event("m", 1)])
    await late.apply([an_event("m", 2), an_event("n", 1), an_event("n", 2)])
    await live.apply([an_event("n", 3)])
    assert [number for number, _ in await order(database)] == [0, 0, 1, 2, 3]
    # What it left is numbered when it goes round again; or after the switch, should it die before.
    await live.apply([an_event("m", 2)])
    assert await live.complete(OLD) == 1
    assert await live.complete(OLD) == 0
    rows = await order(database)
    assert [number for number, _ in rows] == [1, 2, 3, 4, 5]
    assert {place for _, place in rows} == {"m/1/1", "m/1/2", "n/1/1", "n/1/2", "n/1/3"}


async def test_many_at_once_number_densely(database: Database) -> None:
    """Late ones, live ones and the last pass, all over the same rows."""
    late = [await a_feed(database, BUILT) for _ in range(2)]
    live = [await a_feed(database, LIVE) for _ in range(3)]
    everything = [an_event(f"m{k}", n) for k in range(12) for n in range(1, 6)]

    async def feed(feeds: Sequence[Feed], events: Sequence[Event]) -> None:
        for start in range(0, len(events), 7):
            await asyncio.gather(*(each.apply(events[start : start + 7]) for each in feeds))

    async def complete() -> None:
        for _ in range(10):
            await live[0].complete(OLD)

    await asyncio.gather(
        feed(late, everything), feed(live[:2], everything[::-1]), feed(live[2:], everything), complete()
    )
    while await live[1].complete(OLD):
        pass
    rows = await order(database)
    assert [number for number, _ in rows] == list(range(1, 61))


async def test_numbers_of_a_coordinator_that_lost_its_lease_are_made_anew(database: Database) -> None:
    built = await a_feed(database, BUILT)
    await built.apply([an_event("m", n) for n in (1, 2, 3)])
    await database["feed.g2"].update_one({"_id": "m/1/2"}, {"$set": {"number": 7}, "$unset": {"waiting": ""}})
    assert await built.complete(OLD) == 3
    assert await order(database) == [(1, "m/1/1"), (2, "m/1/2"), (3, "m/1/3")]


async def test_a_target_is_the_same_until_something_changes(database: Database) -> None:
    register = MongoRegister(database)
    generations = Generations(database, register.views)
    [first] = await generations.load()
    assert [first] == list(await generations.load())
    assert await request(database, "a test", {"ponte.agenda": 3}) == 2
    live, building = await generations.load()
    assert live is first
    assert (building.generation, building.generation.suffix) == (BUILT, ".g2")
    # What a restore undid stays out of the new one, unless the restored owner sends it from its journal.
    assert live.takes("ponte.agenda", 1)
    assert not building.takes("ponte.agenda", 2)
    assert building.takes("ponte.agenda", 3)
    assert building.takes("ponte.agenda", 1, answered_in=3)
    assert building.takes("ponte.networks", 1)
    # The answer to a question of a rebuild is for that generation alone.
    asked = request_id(2, "ponte.agenda", 1)
    assert building.takes("ponte.agenda", 1, answered_in=3, replay=asked)
    assert not live.takes("ponte.agenda", 1, answered_in=3, replay=asked)
    assert build_of("8f2a-1") is None
    await begin_anew(database, (await generations.document())["building"], "ponte.networks", 2)
    same, anew = await generations.load()
    assert same is first
    assert anew.generation.number == 3
    assert not anew.takes("ponte.agenda", 2)
    assert not anew.takes("ponte.networks", 1)
    assert await generations.request("again") == 3


async def test_an_owner_whose_epoch_rises_again_begins_anew(database: Database) -> None:
    generations = Generations(database, MongoRegister(database).views)
    assert not await generations.heard("ponte.agenda", 1)
    assert await generations.heard("ponte.agenda", 2)
    assert not await generations.heard("ponte.agenda", 2)
    assert await generations.heard("ponte.networks", 4)
    document = await generations.document()
    assert document["building"]["number"] == 3
    assert document["retired"] == [2]
    assert document["building"]["epochs"] == {"ponte_agenda": 2, "ponte_networks": 4}
