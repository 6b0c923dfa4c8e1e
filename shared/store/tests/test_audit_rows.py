"""What was changed, newest first: every event once, whatever page it falls on and wherever it lies."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.agenda import MissionScheduled
from shared.store import JOURNAL, close, connect, prepare
from shared.store.audit_rows import Wanted, audit_of, changes, place_of
from shared.store.changed import Changed
from shared.store.driver import Database, Document
from shared.store.events import GENESIS, store_event
from shared.testing.builders import NOON, a_command, a_mission


@pytest.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Database]:
    client = connect(mongodb_uri, request.param)
    made = client[database_name("agenda")]
    await prepare(made, ["missions", "rooms"])
    yield made
    await close(client)


def event(subject: str, sequence: int, second: int, **command: Any) -> Document:
    at = NOON + timedelta(seconds=second)
    return store_event(
        MissionScheduled(mission=a_mission()),
        a_command(at=at, **command),
        subject=subject,
        epoch=1,
        sequence=sequence,
        version=sequence,
        previous=GENESIS,
        previous_epoch=0,
    )


async def lay(database: Database, events: list[tuple[Document, str]]) -> None:
    """Each event where it lies: in the journal, in an outbox, or for a moment in both."""
    for name in ("missions", "rooms", JOURNAL):
        await database[name].delete_many({})
    for subject in sorted({stored["subject"] for stored, _ in events}):
        outbox = [stored for stored, where in events if stored["subject"] == subject and where != "journal"]
        holder = database["rooms" if subject.startswith("room") else "missions"]
        await holder.insert_one({"_id": subject, "outbox": outbox})
    if rows := [stored for stored, where in events if where != "outbox"]:
        await database[JOURNAL].insert_many(rows)


async def all_pages(database: Database, wanted: Wanted, size: int) -> list[str]:
    found: list[str] = []
    below = None
    while page := await changes(database, ["missions", "rooms"], wanted, below=below, limit=size):
        assert len(page) <= size
        found += [row["_id"] for row in page]
        below = place_of(page[-1])
    return found


lies = st.tuples(
    st.sampled_from(["mission-1", "mission-2", "room-1"]),
    st.integers(0, 2),  # few moments: many of one
    st.sampled_from(["journal", "outbox", "both"]),
    st.sampled_from(["anna", "bruno"]),
    st.sampled_from([None, "delegate"]),
    st.sampled_from(["propose", "$cancel"]),
)
filters = st.builds(
    Wanted,
    subject=st.sampled_from([None, None, "mission-1", "nothing"]),
    actor=st.sampled_from([None, None, "anna"]),
    on_behalf_of=st.sampled_from([None, None, "delegate"]),
    command=st.sampled_from([None, None, "$cancel"]),
    since=st.sampled_from([None, NOON + timedelta(seconds=1)]),
    until=st.sampled_from([None, NOON + timedelta(seconds=2)]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lies, max_size=24), filters, st.integers(1, 7))
async def test_every_event_is_on_one_page(
    database: Database, given_events: list[Any], wanted: Wanted, size: int
) -> None:
    counted: dict[str, int] = {}
    made: list[tuple[Document, str]] = []
    for subject, second, where, actor, principal, command in given_events:
        sequence = counted[subject] = counted.get(subject, 0) + 1
        more = {"actor": actor, "on_behalf_of": principal, "name": command}
        made.append((event(subject, sequence, second, **more), where))
    await lay(database, made)
    right = [
        stored
        for stored, _ in made
        if all(
            value is None or value == there
            for value, there in (
                (wanted.subject, stored["subject"]),
                (wanted.actor, stored["actor"]),
                (wanted.on_behalf_of, stored["audit"]["on_behalf_of"]),
                (wanted.command, stored["command"]),
            )
        )
        and (wanted.since is None or stored["time"] >= "2026-11-26T12:00:01.000Z")
        and (wanted.until is None or stored["time"] < "2026-11-26T12:00:02.000Z")
    ]
    right.sort(key=lambda stored: (stored["time"], stored["subject"], stored["sequence"]), reverse=True)
    assert await all_pages(database, wanted, size) == [stored["_id"] for stored in right]


async def test_events_of_one_moment_keep_their_order(database: Database) -> None:
    """Also beyond nine, where the order of the ids is another."""
    await lay(database, [(event("mission-1", number, 0), "journal") for number in range(1, 13)])
    found = await all_pages(database, Wanted(), 5)
    assert found == [f"mission-1/1/{number}" for number in range(12, 0, -1)]


async def test_what_comes_meanwhile_moves_no_page(database: Database) -> None:
    await lay(database, [(event("mission-1", number, number), "journal") for number in range(1, 7)])
    first = await changes(database, ["missions"], Wanted(), limit=3)
    await database[JOURNAL].insert_one(event("mission-1", 7, 7))
    second = await changes(database, ["missions"], Wanted(), below=place_of(first[-1]), limit=3)
    assert [row["sequence"] for row in (*first, *second)] == [6, 5, 4, 3, 2, 1]


async def index_names(database: Database) -> set[str]:
    told = await database.command({"listIndexes": JOURNAL})
    return {row["name"] for row in told["cursor"]["firstBatch"]}


async def test_a_search_reads_by_an_index(database: Database) -> None:
    names = await index_names(database)
    assert names == {"_id_", "place", "moment", "actor", "principal"}
    rare = {"actor": "anna", "on_behalf_of": "delegate"}
    made = [event("mission-1", number, number, **({} if number % 50 else rare)) for number in range(1, 301)]
    await lay(database, [(each, "journal") for each in made])
    order = {"time": -1, "subject": -1, "epoch": -1, "sequence": -1}
    wanted: list[tuple[Document, str]] = [
        ({}, "moment"),
        ({"time": {"$lt": "2027"}}, "moment"),
        ({"actor": "anna", "time": {"$lt": "2027"}}, "actor"),
        ({"audit.on_behalf_of": "delegate"}, "principal"),
    ]
    for query, index in wanted:
        plan = await database.command({"explain": {"find": JOURNAL, "filter": query, "sort": order}})
        told = repr(plan["queryPlanner"]["winningPlan"])
        assert f"'indexName': '{index}'" in told, told
        assert "'SORT'" not in told


async def test_an_index_of_an_older_release_goes(database: Database) -> None:
    await database[JOURNAL].create_index([("time", 1)], name="time")
    await prepare(database, ["missions"])
    names = await index_names(database)
    assert "time" not in names


def test_an_event_of_before_has_nothing_to_tell() -> None:
    stored = event("mission-1", 1, 0)
    del stored["audit"]
    assert audit_of(stored) == {"on_behalf_of": None, "origin": None, "changes": []}


def test_values_come_back_as_they_were() -> None:
    stored = store_event(
        MissionScheduled(mission=a_mission()),
        a_command(origin="10.0.0.7"),
        subject="mission-1",
        epoch=1,
        sequence=1,
        version=1,
        previous=GENESIS,
        previous_epoch=0,
        changed=[Changed("note", None, "$x"), Changed("legs", [{"a": 1}], [])],
    )
    told = audit_of(stored)
    assert told["origin"] == "10.0.0.7"
    assert told["changes"] == [
        {"field": "note", "before": None, "after": "$x"},
        {"field": "legs", "before": [{"a": 1}], "after": []},
    ]
    stored["people"] = [entry for entry in stored["people"] if "audit" not in entry["path"]]
    erased = audit_of(stored)
    assert (erased["origin"], erased["changes"][0]["after"]) == ("[…]", "[…]")
    stored["people"].append({"path": "audit.changes.0.after", "value": "altered", "salt": ""})
    assert audit_of(stored)["changes"][0]["after"] == "altered"
