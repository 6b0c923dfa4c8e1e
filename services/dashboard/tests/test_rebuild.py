"""Rebuilding the dashboard's views on real engines, while commands go on and pages are looked at."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from services.dashboard.tests.rebuilding import City, Owner, Replica, Where, feed_of, stream, watched
from shared.messaging import housekeeping, pages, rebuild
from shared.messaging.generations import request
from shared.testing.waiting import eventually


@pytest.fixture
async def city(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], topic_prefix: str
) -> AsyncIterator[City]:
    async with AsyncExitStack() as stack:
        where = Where(kafka_bootstrap, mongodb_uri, database_name(""), f"{topic_prefix}.")
        yield City(where, stack)


async def is_live(replica: Replica, number: int) -> None:
    document = await replica.live()
    assert document["live"] == number, document
    assert "building" not in document


async def equal(replica: Replica, owner: Owner, suffix: str) -> None:
    """Everything that was accepted is in the journal and in the views of that generation, once."""
    wanted = {f"{s}/1/{n}" for s, last in owner.stored.items() for n in range(1, last + 1)}
    assert await owner.journal() == wanted
    rows = await feed_of(replica.database, suffix)
    assert len(rows) == len(wanted)
    assert {place for _, place in rows} == wanted
    assert [number for number, _ in rows] == list(range(1, len(wanted) + 1))
    states = await replica.database["missions" + suffix].find({}).to_list()
    assert {state["_id"]: state["mark"]["sequence"] for state in states} == owner.stored
    marks = await replica.database["marks" + suffix].find({}).to_list()
    assert {mark["_id"]: mark["sequence"] for mark in marks} == owner.stored


async def filled(city: City, *, subjects: int, rounds: int) -> Owner:
    owner = await city.owner()
    for number in range(rounds):
        await asyncio.gather(*(owner.store(f"mission-{k}", f"{number}") for k in range(subjects)))
    return owner


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 50)
    monkeypatch.setattr(pages, "AT_ONCE", 2)


async def test_a_rebuild_under_load_leaves_no_gap(
    city: City, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "KEEP_S", 1.0)
    owner = await filled(city, subjects=60, rounds=5)
    replica = await city.replica()
    await eventually(lambda: equal(replica, owner, ""), within=30)
    old, _ = await replica.register.head()
    async with watched(replica.register) as worst, stream(owner, 80):
        assert await request(replica.database, "a test") == 2
        assert await request(replica.database, "a test") == 2
        await eventually(lambda: is_live(replica, 2), within=60)
        async with asyncio.timeout(10):
            while (await replica.register.head())[0] == old:
                await asyncio.sleep(0.01)
    assert worst() == (0, 0)
    await eventually(lambda: equal(replica, owner, ".g2"), within=20)

    async def put_away() -> bool:
        names = set(await replica.database.list_collection_names())
        return not names & {"missions", "feed", "marks", "expected", "expected.g2"}

    await eventually(put_away, within=20)
    assert (await replica.live())["retired"] == [1]
    assert len(await replica.register.missions()) == 80


async def test_two_replicas_one_of_which_notices_late(city: City, small_pages: None) -> None:
    """It feeds what it knew when its batch began, looks before it notes the offset, and goes round again."""
    owner = await filled(city, subjects=30, rounds=4)
    first, second = await city.replica(), await city.replica()
    await eventually(lambda: equal(first, owner, ""), within=30)
    load = second.generations.load

    async def late() -> Any:
        await asyncio.sleep(0.3)
        return await load()

    second.generations.load = late  # type: ignore[method-assign]
    async with stream(owner, 40):
        await request(first.database, "a test")
        await eventually(lambda: is_live(first, 2), within=60)
    second.generations.load = load  # type: ignore[method-assign]
    await eventually(lambda: equal(first, owner, ".g2"), within=20)
    await eventually(lambda: same_head(first, second))


async def same_head(first: Replica, second: Replica) -> None:
    assert await first.register.head() == await second.register.head()


@pytest.mark.parametrize("stage", ["reading", "checking", "numbering"])
async def test_another_replica_takes_over_from_a_dead_coordinator(
    city: City, small_pages: None, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "LEASE_S", 1.5)
    monkeypatch.setattr(pages, "AGAIN_S", 2.0)
    owner = await filled(city, subjects=40, rounds=5)
    first = await city.replica()
    await eventually(lambda: equal(first, owner, ""), within=30)
    reached = asyncio.Event()
    enter = rebuild.Rebuilder._enter

    async def dies(self: rebuild.Rebuilder, number: int, at: str) -> None:
        if self is first.rebuilder and not reached.is_set():
            if stage == "checking" and at == "numbering":
                reached.set()
                await asyncio.Event().wait()
            await enter(self, number, at)
            if stage == at:
                reached.set()
                await asyncio.Event().wait()
        else:
            await enter(self, number, at)

    monkeypatch.setattr(rebuild.Rebuilder, "_enter", dies)
    if stage == "reading":
        ask = pages.Pages._ask

        async def asks(self: pages.Pages, number: int, topic: str, page: int, after: Any) -> None:
            if page == 3 and not reached.is_set():
                reached.set()
            if reached.is_set() and self is first.rebuilder._pages:
                await asyncio.Event().wait()
            await ask(self, number, topic, page, after)

        monkeypatch.setattr(pages.Pages, "_ask", asks)
    async with stream(owner, 40, pause=0.05):
        await request(first.database, "a test")
        await asyncio.wait_for(reached.wait(), 30)
        second = await city.replica()
        await first.stop()
        await eventually(lambda: is_live(second, 2), within=60)
    await eventually(lambda: equal(second, owner, ".g2"), within=20)


async def test_what_a_restore_undid_is_in_no_new_generation(city: City, small_pages: None) -> None:
    """The owner comes back in a higher epoch with less than was read of it."""
    owner = await filled(city, subjects=20, rounds=4)
    replica = await city.replica()
    await eventually(lambda: equal(replica, owner, ""), within=30)
    lost = {"mission-3", "mission-4"}
    await owner.lose(lost, {"mission-5": 2})
    restored = await city.owner()
    await restored.store("mission-6", "after")
    await eventually(lambda: is_live(replica, 2), within=60)
    wanted = {
        f"mission-{k}": [(1, n) for n in range(1, 3 if k == 5 else 5)]
        for k in range(20)
        if f"mission-{k}" not in lost
    }
    wanted["mission-6"].append((2, 5))

    async def as_the_owner_lists() -> None:
        rows = await replica.database["feed.g2"].find({}, {"number": 1}).to_list()
        assert sorted(row["number"] for row in rows) == list(range(1, len(rows) + 1))
        assert {row["_id"] for row in rows} == {
            f"{subject}/{epoch}/{n}" for subject, places in wanted.items() for epoch, n in places
        }
        states = await replica.database["missions.g2"].find({}).to_list()
        marks = {s["_id"]: (s["mark"]["epoch"], s["mark"]["sequence"]) for s in states}
        assert marks == {subject: places[-1] for subject, places in wanted.items()}

    await eventually(as_the_owner_lists, within=20)
    assert (await replica.live())["epochs"] == {"ponte_agenda": 2}
    # One that has never read anything finds what was undone still on the topic, and must not show it.
    replica = await city.replica("newcomer")
    await eventually(lambda: is_live(replica, 2), within=60)
    await eventually(as_the_owner_lists, within=20)
