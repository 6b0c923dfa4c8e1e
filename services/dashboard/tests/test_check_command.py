"""`ponte check`: each kind of drift is found, and nothing else is called drift."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.dashboard.tests.commanding import Running, stopped_at_once
from services.dashboard.tests.rebuilding import stream
from shared.cli import drift, stopping
from shared.cli.tests.commands import Installation
from shared.store.driver import Database


def test_no_drift_while_commands_go_on(city: Running) -> None:
    load = AsyncExitStack()
    city.do(load.enter_async_context(stream(city.owner, 30, pause=0.002)))
    for _ in range(2):
        answer = city.ponte("check")
        assert answer.status == 0, answer.text
        assert "no drift in agenda, agreements, dashboard" in answer.text
    city.do(load.aclose())


def test_a_check_that_was_stopped_goes_on(city: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(stopping, "stop_asked", stopped_at_once)
        assert city.ponte("check").status == stopping.INTERRUPTED
    assert "goes on at agenda: journal" in city.ponte("check").text
    assert "goes on" not in city.ponte("check").text
    with monkeypatch.context() as patched:
        patched.setattr(stopping, "stop_asked", stopped_at_once)
        city.ponte("check")
    assert "goes on" not in city.ponte("check", "--fresh").text


def test_nothing_to_look_at_is_neither_clean_nor_drift(mongodb_uri: str, tmp_path: Path) -> None:
    answer = Installation("127.0.0.1:1", mongodb_uri, "tnobody", str(tmp_path)).ponte("check")
    assert answer.status == 2
    assert "no service has run" in answer.text
    answer = Installation("127.0.0.1:1", "mongodb://127.0.0.1:1", "t", str(tmp_path)).ponte("check")
    assert answer.status == 2
    assert "MongoDB does not answer" in answer.text


def update(collection: str, subject: str, change: dict[str, Any]) -> Callable[[Database], Awaitable[Any]]:
    return lambda database: database[collection].update_one({"_id": subject}, change)


def delete(collection: str, subject: str) -> Callable[[Database], Awaitable[Any]]:
    return lambda database: database[collection].delete_one({"_id": subject})


def insert(collection: str, document: dict[str, Any]) -> Callable[[Database], Awaitable[Any]]:
    return lambda database: database[collection].insert_one(document)


WAITING = {
    "_id": "mission-1/1/4",
    "sequence": 4,
    "previous_epoch": 1,
    "previous": "x",
    "time": "2026-11-01T10:00:00.000Z",
}
STRAY = {"_id": "mission-x/1/1", "number": 19, "time": "2026-11-01T10:00:00.000Z"}

DRIFT: list[tuple[str, Callable[[Database], Awaitable[Any]], str]] = [
    ("agenda", delete("journal", "mission-1/1/2"), "agenda: journal: mission-1 1/3: follows 1/1"),
    ("agenda", delete("journal", "mission-1/1/3"), "agenda: journal: mission-1 1/3: the journal ends at 1/2"),
    (
        "agenda",
        update("journal", "mission-1/1/2", {"$set": {"actor": "somebody else"}}),
        "agenda: journal: mission-1 1/2: its hash does not follow",
    ),
    (
        "agenda",
        update("missions", "mission-1", {"$set": {"head_hash": "0"}}),
        "agenda: journal: mission-1 1/3: the aggregate's head hash",
    ),
    (
        "agenda",
        update("missions", "mission-1", {"$set": {"sequence": 2}}),
        "agenda: journal: mission-1 1/3: the journal is ahead of the aggregate",
    ),
    ("agenda", delete("missions", "mission-1"), "agenda: journal: mission-1 1/3: has events in the journal"),
    (
        "agenda",
        update("missions", "mission-1", {"$push": {"outbox": WAITING}, "$inc": {"sequence": 1}}),
        "agenda: outboxes: mission-1 1/4: has waited in the outbox since 2026-11-01",
    ),
    ("dashboard", delete("missions", "mission-1"), "dashboard: latest states: mission-1 1/3: is not there"),
    (
        "dashboard",
        update("missions", "mission-1", {"$set": {"mark.sequence": 2}}),
        "dashboard: latest states: mission-1 1/3: stands at 1/2",
    ),
    (
        "dashboard",
        update("missions", "mission-1", {"$set": {"mark.sequence": 9}}),
        "dashboard: latest states: mission-1 1/9: the owner stands at 1/3",
    ),
    (
        "dashboard",
        insert("agreements", {"_id": "agreement-x", "mark": {"epoch": 1, "sequence": 1}}),
        "dashboard: latest states: agreement-x 1/1: its owner has no such aggregate",
    ),
    (
        "dashboard",
        update("marks", "mission-1", {"$set": {"sequence": 1}}),
        "dashboard: marks: mission-1 1/3: stands at 1/1",
    ),
    (
        "agreements",
        update("inbox", "mission-1", {"$set": {"sequence": 1}}),
        "agreements: inbox: mission-1 1/3: stands at 1/1",
    ),
    (
        "dashboard",
        delete("feed", "mission-1/1/2"),
        "dashboard: feed: mission-1 1/2: is in the journal and has no",
    ),
    ("dashboard", insert("feed", STRAY), "dashboard: feed: mission-x 1/1: has a row and is in no journal"),
    (
        "dashboard",
        update("feed", "mission-1/1/2", {"$unset": {"number": ""}}),
        "dashboard: feed: mission-1 1/2: has a row without a number",
    ),
    (
        "dashboard",
        update("feed", "mission-1/1/2", {"$set": {"number": 100}}),
        "dashboard: feed: rows 100: 18 rows are numbered up to 100",
    ),
]


async def _out_but_not_pulled(agenda: Database) -> None:
    """Its last event is with Kafka and in the journal, and leaves the outbox a moment later."""
    event = await agenda["journal"].find_one({"_id": "mission-1/1/3"})
    assert event is not None
    waiting = {**event, "time": datetime.now(UTC).isoformat()}
    await agenda["missions"].update_one({"_id": "mission-1"}, {"$push": {"outbox": waiting}})


def test_what_was_read_before_it_has_left_the_outbox_is_no_drift(city: Running) -> None:
    city.stop_services()
    city.change("agenda", _out_but_not_pulled)
    answer = city.ponte("check")
    assert answer.status == 0, answer.text


def test_each_kind_of_drift_is_found(city: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, each put back before the next."""
    city.stop_services()
    monkeypatch.setattr(drift, "YOUNG_S", 0.0)
    for module in ("shared.cli.drift_owners", "shared.cli.drift_readers"):
        monkeypatch.setattr(f"{module}.PATIENCE_S", 0.3)
    assert city.ponte("check").status == 0
    for service, breaks, says in DRIFT:
        before: dict[str, list[Any]] = {}

        async def copy(database: Database, into: dict[str, list[Any]] = before) -> None:
            for name in await database.list_collection_names():
                into[name] = await database[name].find({}).to_list()

        async def put_back(database: Database, rows: dict[str, list[Any]] = before) -> None:
            for name in await database.list_collection_names():
                await database[name].delete_many({})
                if rows.get(name):
                    await database[name].insert_many(rows[name])

        city.installation.database(service, copy)
        city.change(service, breaks)
        answer = city.ponte("check")
        assert answer.status == 1, (says, answer.text)
        assert says in answer.text
        city.installation.database(service, put_back)
    letter = {"_id": "a/1/1", "status": "open"}
    city.change("dashboard", insert("dead_letters", letter))
    answer = city.ponte("check")
    assert answer.status == 0
    assert "dashboard: 1 open dead letter (" in answer.text
