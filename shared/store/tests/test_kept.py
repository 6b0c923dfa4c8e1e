"""The last document that is kept in a process, on a real mongod, with both drivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from shared.contracts.agenda import Mission
from shared.domain import Change
from shared.store import JOURNAL, Repository, close, connect, prepare
from shared.store.driver import Database, Document
from shared.store.errors import StaleVersion
from shared.store.tests.offers import Offers
from shared.testing.builders import a_command, a_mission, scheduled


@pytest.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Database]:
    client = connect(mongodb_uri, request.param)
    made = client[database_name("agenda")]
    await prepare(made, ["missions"])
    yield made
    await close(client)


class Process:
    """One replica, whose loads are counted."""

    def __init__(self, database: Database) -> None:
        self.relay = Offers()
        self.missions = Repository(
            database["missions"], database[JOURNAL], Mission, epoch=1, relay=self.relay, what="mission_id"
        )
        self.loads = 0
        load = self.missions._batches.load

        async def counted(subject: str, answer: str | None) -> Document | None:
            self.loads += 1
            return await load(subject, answer)

        self.missions._batches.load = counted  # type: ignore[method-assign]

    async def retitle(self, title: str, **command: Any) -> Any:
        return await self.missions.put("mission-1", a_command(**command), to(title))


def to(title: str) -> Callable[[Mission | None], Change[Mission]]:
    return lambda _: scheduled(a_mission(title=title))


async def test_only_the_first_command_loads(database: Database) -> None:
    one = Process(database)
    for number in range(5):
        assert (await one.retitle(str(number))).version == number + 1
    assert one.loads == 1
    assert one.relay.events == [f"mission-1/1/{number}" for number in range(1, 6)], "each was offered once"


async def test_what_another_replica_wrote_is_seen(database: Database) -> None:
    one, other = Process(database), Process(database)
    await one.retitle("one")
    await other.retitle("other")
    seen: list[str] = []

    def longer(mission: Mission) -> Change[Mission]:
        seen.append(str(mission.title))
        return scheduled(mission.model_copy(update={"title": f"{mission.title}!"}))

    await one.missions.change("mission-1", a_command(), longer)
    assert (await one.missions.get("mission-1")).state.title == "other!"
    assert seen == ["one", "other"], "what was kept was tried first"


async def test_a_repeated_key_gets_its_first_answer(database: Database) -> None:
    one, other = Process(database), Process(database)
    first = await one.retitle("one", key="k", fingerprint="x")
    await one.retitle("two")
    assert await one.retitle("one", key="k", fingerprint="x") == replace(first, replayed=True)
    await other.retitle("three")
    await other.retitle("four")
    assert await other.retitle("one", key="k", fingerprint="x") == replace(first, replayed=True)
    assert (await one.missions.get("mission-1")).version == 4


async def test_a_refusal_is_never_made_on_what_is_kept(database: Database) -> None:
    one, other = Process(database), Process(database)
    await one.retitle("one")
    await other.retitle("two")
    assert (await one.retitle("three", expected_version=2)).version == 3
    await other.retitle("four")
    with pytest.raises(StaleVersion) as refused:
        await one.retitle("five", expected_version=3)
    assert refused.value.params["current"] == 4


async def test_events_that_were_given_up_are_offered_again(database: Database) -> None:
    one = Process(database)
    await one.retitle("one")
    one.relay.lose("mission-1")
    await one.retitle("two")
    assert one.relay.events == ["mission-1/1/1", "mission-1/1/1", "mission-1/1/2"]


async def test_events_that_are_given_up_during_the_write_are_offered_again(database: Database) -> None:
    one = Process(database)
    await one.retitle("one")
    task = asyncio.create_task(one.retitle("two"))
    while "mission-1" in one.missions._kept._entries:
        await asyncio.sleep(0)
    one.relay.lose("mission-1")
    await task
    assert one.relay.events == ["mission-1/1/1", "mission-1/1/1", "mission-1/1/2"]
    assert one.loads == 1


async def test_a_claim_of_another_replica_is_respected(database: Database) -> None:
    one = Process(database)
    await one.retitle("one")
    await database["missions"].update_one({"_id": "mission-1"}, {"$set": {"claim.token": "another"}})
    await one.retitle("two")
    row = await database["missions"].find_one({"_id": "mission-1"})
    assert row is not None
    assert row["claim"]["token"] == "another"
    assert one.relay.events == ["mission-1/1/1"]
    assert [event["sequence"] for event in row["outbox"]] == [1, 2]
