"""`kill -9` of three services under load: the ledger equals what MongoDB and the page show."""

import asyncio
import functools
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.store.events import verify_chain
from shared.testing.waiting import eventually
from tests.load import Caller, Ledger
from tests.system import System

pytestmark = [pytest.mark.engines, pytest.mark.slow, pytest.mark.timeout(400)]

COMMANDS = 500
CLIENTS = 10
SUBJECTS = 5
VICTIMS = ("agenda", "agreements", "dashboard")

MISSION = {
    "purpose": "meeting",
    "holder": {"function": "Mayor"},
    "legs": [{"place": "Lyon", "starts_at": "2027-06-04T09:30", "ends_at": "2027-06-05T18:00"}],
}
AGREEMENT = {"kind": "collaboration", "counterpart": {"name": "Lyon", "place": "Lyon"}}


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with System(tmp_path_factory.mktemp("faults") / "data") as running:
        yield running


async def one_client(number: int, callers: dict[str, Caller], subjects: dict[str, list[str]]) -> None:
    """Its share of the commands, in turn to the agenda and to agreements, on subjects that all share."""
    for turn in range(COMMANDS // CLIENTS):
        service, kind = (("agenda", "missions"), ("agreements", "agreements"))[turn % 2]
        subject = subjects[service][(number + turn // 2) % SUBJECTS]
        body = {"title": f"Client {number}, turn {turn}"}
        await callers[service].post(f"/v1/{kind}/{subject}/correct", body, f"load-{number}-{turn}")


def answered(ledger: Ledger, due: int) -> bool:
    return ledger.commands >= due


def is_back(system: System, victim: str, killed: int) -> bool:
    return system.pid(victim) != killed


async def kill_in_turn(system: System, ledger: Ledger) -> list[int]:
    """Kill each victim when a quarter, a half and three quarters of the commands were answered."""
    killed = []
    for quarter, victim in enumerate(VICTIMS, start=1):
        await eventually(functools.partial(answered, ledger, COMMANDS * quarter // 4), within=120)
        killed.append(system.kill(victim))
    return killed


async def test_nothing_is_lost_and_nothing_is_twice(system: System) -> None:
    ledger = Ledger()
    async with (
        system.http("agenda", "officer-city") as agenda,
        system.http("agreements", "officer-city") as agreements,
        system.http("dashboard") as dashboard,
    ):
        callers = {"agenda": Caller(agenda, ledger), "agreements": Caller(agreements, ledger)}
        subjects: dict[str, list[str]] = {"agenda": [], "agreements": []}
        for number in range(SUBJECTS):
            made = await callers["agenda"].post("/v1/missions", {**MISSION, "title": "M"}, f"m-{number}")
            subjects["agenda"].append(made["subject"])
            made = await callers["agreements"].post(
                "/v1/agreements", {**AGREEMENT, "title": "A"}, f"a-{number}"
            )
            subjects["agreements"].append(made["subject"])
        load = asyncio.gather(*(one_client(number, callers, subjects) for number in range(CLIENTS)))
        killed = await kill_in_turn(system, ledger)
        await load
        assert ledger.commands == COMMANDS + 2 * SUBJECTS
        assert ledger.retries > 0, "the faults did not reach the load"
        for victim, pid in zip(VICTIMS, killed, strict=True):
            await eventually(functools.partial(is_back, system, victim, pid), within=30)
        # What was answered: every sequence once, without a gap.
        for subject, sequences in ledger.sequences.items():
            assert sorted(sequences) == list(range(1, len(sequences) + 1)), subject
        expected = {(subject, n) for subject, found in ledger.sequences.items() for n in found}
        await eventually(lambda: journals_equal(system, expected), within=30)
        await eventually(lambda: views_equal(system, ledger), within=60)
        await eventually(lambda: feed_equals(dashboard, expected), within=30)
    assert await system.database("dashboard")["dead_letters"].count_documents({}) == 0


async def journals_equal(system: System, expected: set[tuple[str, int]]) -> bool:
    """Journals and aggregates hold exactly the answered events, in chains that verify."""
    found: list[tuple[str, int]] = []
    for service, collection in (("agenda", "missions"), ("agreements", "agreements")):
        database = system.database(service)
        rows = await database["journal"].find({}).sort([("subject", 1), ("sequence", 1)]).to_list()
        found += [(row["subject"], row["sequence"]) for row in rows]
        for aggregate in await database[collection].find({}).to_list():
            chain = [row for row in rows if row["subject"] == aggregate["_id"]]
            assert verify_chain(chain) is None
            assert aggregate["outbox"] == []
            assert aggregate["head_hash"] == chain[-1]["hash"]
    assert sorted(found) == sorted(expected)
    return True


async def views_equal(system: System, ledger: Ledger) -> bool:
    """The dashboard's latest states stand at the highest answered sequence, and its feed holds each once."""
    database = system.database("dashboard")
    marks: dict[str, int] = {}
    for collection in ("missions", "agreements"):
        marks |= {
            row["_id"]: row["mark"]["sequence"] for row in await database[collection].find({}).to_list()
        }
    assert marks == {subject: max(found) for subject, found in ledger.sequences.items()}
    numbers = [row["number"] for row in await database["feed"].find({}).sort("number", 1).to_list()]
    assert numbers == list(range(1, len(numbers) + 1))
    return True


async def feed_equals(dashboard: httpx.AsyncClient, expected: set[tuple[str, int]]) -> bool:
    """What the page's feed tells over HTTP, page after page."""
    told: list[tuple[str, int]] = []
    path: str | None = "/v1/feed?limit=100"
    while path:
        answer: Any = (await dashboard.get(path)).json()
        told += [(entry["subject"], entry["sequence"]) for entry in answer["items"]]
        path = answer["next"]
    assert sorted(told) == sorted(expected)
    return True
