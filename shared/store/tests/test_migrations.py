"""Stored states of an older shape, read and written anew while commands go on; on a real mongod."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from shared.contracts.agenda import Mission, MissionScheduled
from shared.domain import Change
from shared.store import JOURNAL, Repository, close, connect, prepare
from shared.store.migrations import LEFT, Migration
from shared.store.schema import NewerState, Schema, Upcasts
from shared.testing.builders import a_command, a_mission


class First(BaseModel):
    """As it was: one name."""

    model_config = ConfigDict(extra="forbid")
    name: str


class Third(BaseModel):
    """As it is: titles by language, and how often it was seen."""

    model_config = ConfigDict(extra="forbid")
    titles: dict[str, str]
    seen: int | None


UPCASTS: Upcasts = {
    1: lambda state: {"title": state["name"]},
    2: lambda state: {"titles": {"it": state["title"]}, "seen": None},
}


def told(state: Any) -> Change[Any]:
    return Change(state, (MissionScheduled(mission=a_mission()),))


def seen_again(state: Third) -> Change[Third]:
    return told(state.model_copy(update={"seen": (state.seen or 0) + 1}))


class Desk:
    def __init__(self, database: Any) -> None:
        self.database = database
        parts: dict[str, Any] = {"epoch": 1, "what": "id"}
        self.then: Repository[First] = Repository(database["things"], database[JOURNAL], First, **parts)
        self.now: Repository[Third] = Repository(
            database["things"], database[JOURNAL], Third, upcasts=UPCASTS, **parts
        )

    async def put(self, subject: str) -> None:
        await self.then.put(subject, a_command(), lambda _: told(First(name=subject)))

    async def stored(self, subject: str) -> dict[str, Any]:
        document: dict[str, Any] = await self.database["things"].find_one({"_id": subject})
        return document

    def migration(self) -> Migration[Third]:
        return Migration(self.now.collection, self.now.schema)


@pytest.fixture(params=["motor", "pymongo"])
async def desk(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Desk]:
    client = connect(mongodb_uri, request.param)
    database = client[database_name("things")]
    await prepare(database, ["things"])
    yield Desk(database)
    await close(client)


async def test_an_older_state_is_read_at_once_and_a_command_stores_the_new_shape(desk: Desk) -> None:
    await desk.put("thing-1")
    assert (await desk.now.get("thing-1")).state == Third(titles={"it": "thing-1"}, seen=None)
    assert [each.state.seen for each in await desk.now.page()] == [None]
    await desk.now.change("thing-1", a_command(), seen_again)
    document = await desk.stored("thing-1")
    assert (document["schema_version"], document["version"], document["sequence"]) == (3, 2, 2)
    assert document["state"] == {"titles": {"it": "thing-1"}, "seen": 1}


async def test_the_background_changes_the_shape_and_nothing_else(desk: Desk) -> None:
    await desk.put("thing-1")
    before = await desk.stored("thing-1")
    await desk.migration().run()
    after = await desk.stored("thing-1")
    assert after == {
        **before,
        "schema_version": 3,
        "state": {"titles": {"it": "thing-1"}, "seen": None},
    }
    assert LEFT.labels("things")._value.get() == 0


async def test_commands_that_race_with_it_lose_nothing(desk: Desk) -> None:
    """Each command counts one up; a migration that wrote over one would be missing from the sum."""
    subjects = [f"thing-{number:03}" for number in range(250)]
    await asyncio.gather(*(desk.put(subject) for subject in subjects))

    async def count(subject: str) -> None:
        for _ in range(2):
            await desk.now.change(subject, a_command(), seen_again)

    await asyncio.gather(
        desk.migration().run(), desk.migration().run(), *(count(subject) for subject in subjects[::-1])
    )
    for subject in subjects:
        document = await desk.stored(subject)
        assert document["state"] == {"titles": {"it": subject}, "seen": 2}
        assert (document["schema_version"], document["version"], document["sequence"]) == (3, 3, 3)
        assert len(document["outbox"]) == 3


async def test_what_cannot_be_read_holds_up_nobody(desk: Desk) -> None:
    for number in range(3):
        await desk.put(f"thing-{number}")
    await desk.database["things"].update_one({"_id": "thing-1"}, {"$set": {"state": {"nonsense": 1}}})
    await desk.migration().run()
    assert [(await desk.stored(f"thing-{n}"))["schema_version"] for n in range(3)] == [3, 1, 3]
    assert LEFT.labels("things")._value.get() == 1


async def test_a_replica_of_before_refuses_what_a_newer_one_stored(desk: Desk) -> None:
    await desk.put("thing-1")
    await desk.migration().run()
    with pytest.raises(NewerState, match="schema_version 3, this replica reads up to 1"):
        await desk.then.get("thing-1")
    with pytest.raises(NewerState):
        await desk.then.change("thing-1", a_command(), told)
    assert (await desk.stored("thing-1"))["version"] == 1


def test_a_chain_has_no_gap() -> None:
    assert Schema(Mission).version == 1
    assert Schema(Third, UPCASTS).version == 3
    with pytest.raises(ValueError, match="upcasts of Third begin at 1 and have no gap"):
        Schema(Third, {2: UPCASTS[2]})
