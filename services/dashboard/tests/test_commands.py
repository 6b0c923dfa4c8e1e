"""`ponte rebuild` and `ponte check` with a real owner, a reacting reader and the dashboard's views."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.dashboard.tests.rebuilding import City, Owner, Replica, Where, feed_of, stream
from shared.cli import drift, rebuild, stopping
from shared.cli.tests.commands import Installation, Told
from shared.contracts.agenda import TOPIC, MissionScheduled
from shared.messaging import pages
from shared.messaging.runtime import ServiceRuntime
from shared.store.driver import Database
from shared.testing.waiting import eventually

MISSIONS = 6


class Running:
    """The services in a thread of their own, as the commands run in this one."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self.owner: Owner
        self.dashboard: Replica

    def do(self, work: Any, within: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(within)

    def start(self) -> None:
        self._thread.start()
        self.do(self._start())

    async def _start(self) -> None:
        at = self.installation
        where = Where(at.kafka, at.mongodb, f"{at.prefix}_", f"{at.prefix}.")
        self.city = City(where, self._stack)
        self.owner = await self.city.owner()
        self.dashboard = await self.city.replica()
        reacting = ServiceRuntime(where, "agreements")
        await self._stack.enter_async_context(reacting.running())

        async def nothing(_: Any) -> None:
            pass

        await reacting.read([TOPIC], reactions={MissionScheduled.TYPE: nothing})
        for number in range(3):
            for k in range(MISSIONS):
                await self.owner.store(f"mission-{k}", f"{number}")

        async def read() -> None:
            assert len(await feed_of(self.dashboard.database, "")) == 3 * MISSIONS
            inbox = await reacting.database["inbox"].find({}).to_list()
            assert [mark["sequence"] for mark in inbox] == [3] * MISSIONS

        await eventually(read, within=30)

    def stop_services(self) -> None:
        self.do(self._stack.aclose())

    def stop(self) -> None:
        self.stop_services()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def ponte(self, *arguments: str) -> Told:
        return self.installation.ponte(*arguments)

    def change(self, service: str, work: Callable[[Database], Awaitable[Any]]) -> None:
        self.installation.database(service, work)


@pytest.fixture
def city(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], tmp_path: Path
) -> Iterator[Running]:
    prefix = database_name("").removesuffix("_")
    made = Running(Installation(kafka_bootstrap, mongodb_uri, prefix, str(tmp_path)))
    made.start()
    yield made
    made.stop()


def test_a_rebuild_is_shown_to_its_end(city: Running) -> None:
    answer = city.ponte("rebuild", "dashboard")
    assert answer.status == 0, answer.text
    assert "generation 2 is to be built beside 1" in answer.text
    assert f"generation 2 is live; {3 * MISSIONS} events" in answer.text
    assert len(city.do(feed_of(city.dashboard.database, ".g2"))) == 3 * MISSIONS
    assert "generation 3 is live" in city.ponte("rebuild", "dashboard").text


@pytest.mark.parametrize(
    ("service", "says"),
    [
        ("nobody", "'nobody'"),
        ("agreements", "agreements has no views"),
        ("networks", "networks reads nothing of others, or has never run here"),
    ],
)
def test_a_rebuild_that_makes_no_sense_is_refused(city: Running, service: str, says: str) -> None:
    answer = city.ponte("rebuild", service)
    assert answer.status == 1
    assert says in answer.text


def test_a_rebuild_waits_for_a_service_that_is_not_running(
    city: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "STARTS_WITHIN_S", 1.0)
    city.stop_services()
    for _ in range(2):
        answer = city.ponte("rebuild", "dashboard")
        assert answer.status == 1
        assert "dashboard is not running" in answer.text
        assert "generation 2 is built once it does" in answer.text


def test_an_owner_that_is_away_is_named(city: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild, "ANSWERS_WITHIN_S", 1.0)
    monkeypatch.setattr(pages, "AGAIN_S", 1.0)
    city.do(city.owner.stack.aclose())

    async def comes_back() -> None:
        await asyncio.sleep(4)
        await city.city.owner()

    back = asyncio.run_coroutine_threadsafe(comes_back(), city.loop)
    answer = city.ponte("rebuild", "dashboard")
    back.result(30)
    assert answer.status == 0, answer.text
    assert answer.text.count("ponte.agenda: its owner does not answer; the rebuild waits for it") == 1


def test_watching_a_rebuild_can_be_stopped(city: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "stop_asked", stopped_at_once)
    answer = city.ponte("rebuild", "dashboard")
    assert answer.status == stopping.INTERRUPTED
    assert "dashboard goes on" in answer.text

    async def live() -> None:
        assert (await city.dashboard.live())["live"] == 2

    city.do(eventually(live, within=30))


@contextmanager
def stopped_at_once() -> Iterator[asyncio.Event]:
    asked = asyncio.Event()
    asked.set()
    yield asked


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
