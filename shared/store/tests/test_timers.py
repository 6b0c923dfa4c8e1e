"""What becomes due happens once, on a real mongod with both drivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.contracts.agenda import Mission, MissionStatus
from shared.domain import Change, DomainError
from shared.store import JOURNAL, META, Repository, close, connect, prepare
from shared.store import timers as timers_module
from shared.store.due import Due
from shared.store.timers import Timers
from shared.testing.builders import a_command, a_mission, completed, scheduled
from shared.testing.waiting import eventually

PAST = datetime(2026, 1, 2, 12, tzinfo=UTC)
FUTURE = datetime(2126, 1, 2, 12, tzinfo=UTC)


def ends(mission: Mission) -> datetime | None:
    return mission.ends_at if mission.status is MissionStatus.SCHEDULED else None


def complete(mission: Mission, now: datetime) -> Change[Mission]:
    if mission.status is not MissionStatus.SCHEDULED or mission.ends_at > now:
        return Change(mission)
    return completed(mission)


class Desk:
    """A repository whose missions are completed when they have ended, and timers over it."""

    def __init__(self, database: Any, epoch: int, *, rule: Due[Mission] | None = None) -> None:
        self.database = database
        self.missions = Repository(
            database["missions"],
            database[JOURNAL],
            Mission,
            epoch=epoch,
            what="mission_id",
            due=rule or Due("ends/1", ends),
        )

    def timers(self, fire: Callable[[Mission, datetime], Change[Mission]] = complete) -> Timers[Mission]:
        return Timers(self.missions, self.database[META], service="agenda", command="complete", fire=fire)

    async def put(self, subject: str, at: datetime) -> None:
        mission = a_mission(mission_id=subject, starts_at=at - timedelta(hours=1), ends_at=at)
        await self.missions.put(subject, a_command(), lambda _: scheduled(mission))

    async def events(self, subject: str) -> list[str]:
        return [row["type"].split(".")[3] for row in await self.missions.history(subject)]


@pytest.fixture(params=["motor", "pymongo"])
async def database(
    request: pytest.FixtureRequest, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[Any]:
    client = connect(mongodb_uri, request.param)
    made = client[database_name("agenda")]
    await prepare(made, ["missions"])
    yield made
    await close(client)


async def test_what_is_due_happens_once_and_the_rest_waits(database: Any) -> None:
    desk = Desk(database, 1)
    await desk.put("mission-1", PAST)
    await desk.put("mission-2", FUTURE)
    timers = desk.timers()
    assert await timers.poll() == 1
    assert await timers.poll() == 0
    assert await desk.events("mission-1") == ["scheduled", "completed"]
    assert await desk.events("mission-2") == ["scheduled"]
    stored = await database["missions"].find_one({"_id": "mission-1"})
    assert "due" not in stored
    assert stored["outbox"][-1]["command"] == "complete"
    assert stored["outbox"][-1]["actor"] == "service:agenda"


async def test_two_replicas_that_both_think_they_lead_fire_once(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def always(_: object) -> bool:
        return True

    monkeypatch.setattr(Timers, "_leads", always)
    desks = [Desk(database, 1) for _ in range(3)]
    for number in range(20):
        await desks[0].put(f"mission-{number}", PAST + timedelta(minutes=number))
    fired = await asyncio.gather(*(desk.timers().poll() for desk in desks))
    assert sum(fired) == 20
    for number in range(20):
        assert await desks[0].events(f"mission-{number}") == ["scheduled", "completed"]


async def test_one_replica_looks_and_another_takes_over(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timers_module, "LEASE_S", 0.5)
    desk = Desk(database, 1)
    first, second = desk.timers(), desk.timers()
    assert await first._leads()
    assert not await second._leads()
    assert await first._leads()
    await eventually(second._leads, within=5)
    assert not await first._leads()


async def test_a_moved_time_is_a_new_one(database: Any) -> None:
    desk = Desk(database, 1)
    timers = desk.timers()
    await desk.put("mission-1", PAST)
    await desk.put("mission-1", FUTURE)
    assert await timers.poll() == 0
    for times in (1, 2):
        await desk.put("mission-1", PAST)
        assert await timers.poll() == 1
        assert (await desk.events("mission-1")).count("completed") == times


async def test_what_fails_does_not_hold_up_the_others(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers_module, "_AT_ONCE", 2)

    def fire(mission: Mission, now: datetime) -> Change[Mission]:
        if mission.mission_id == "mission-1":
            raise ZeroDivisionError
        if mission.mission_id == "mission-2":
            raise DomainError(field="mission_id", value="mission-2")
        return complete(mission, now)

    desk = Desk(database, 1)
    for number in range(1, 6):
        await desk.put(f"mission-{number}", PAST + timedelta(minutes=number))
    timers = desk.timers(fire)
    assert await timers.poll() == 0
    assert await timers.poll() == 2
    assert await timers.poll() == 1
    assert await desk.events("mission-5") == ["scheduled", "completed"]


async def test_documents_of_before_the_rule_become_due_too(database: Any) -> None:
    older = Repository(database["missions"], database[JOURNAL], Mission, epoch=1, what="mission_id")
    mission = a_mission(starts_at=PAST - timedelta(hours=1), ends_at=PAST)
    await older.put("mission-1", a_command(), lambda _: scheduled(mission))
    desk = Desk(database, 1)
    assert await desk.timers().poll() == 1
    assert await desk.events("mission-1") == ["scheduled", "completed"]


async def test_a_running_timer_fires_by_itself_and_gives_the_lease_back(database: Any) -> None:
    desk = Desk(database, 1)
    timers = desk.timers()
    await timers.start()
    await desk.put("mission-1", PAST)

    async def done() -> None:
        assert await desk.events("mission-1") == ["scheduled", "completed"]

    await eventually(done)
    await timers.stop()
    assert await database[META].find_one({"_id": "timers/missions"}) is None
