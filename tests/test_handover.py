"""An officer leaves: what was theirs is passed on in every unit, in one step that can be taken up again."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared.cli import handover as command
from shared.cli.people_calls import People
from shared.identity import Role
from shared.identity.local import issue_token
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store import Repository
from shared.testing.serving import Served
from shared.testing.waiting import eventually
from tests.test_acting import Pair
from tests.whole_area import CANDIDACY, DRAFT, MEMBERSHIP, MISSION, PATHS, Area, whole_area


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def area(mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Area]:
    async with whole_area(mongod, kafka, tmp_path_factory.mktemp("handover")) as made:
        yield made


@dataclass(frozen=True)
class Change:
    """Who leaves and who takes over; nobody else has their ids."""

    area: Area
    leaving: str
    taking: str

    def owners(self) -> list[tuple[Served, str, Role, dict[str, Any]]]:
        return [
            (self.area.agenda, "/v1/missions", Role.OFFICER_CITY, MISSION),
            (self.area.agreements, "/v1/agreements", Role.OFFICER_CITY, DRAFT),
            (self.area.networks, "/v1/memberships", Role.OFFICER_PARTNERSHIPS, MEMBERSHIP),
            (self.area.dossiers, "/v1/candidacies", Role.OFFICER_PARTNERSHIPS, CANDIDACY),
        ]

    async def enter(self, unit: Served, path: str, role: Role, body: dict[str, Any]) -> str:
        async with unit.client(role, subject=self.leaving) as officer:
            answer = await officer.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["subject"])

    async def of(self, unit: Served, path: str, who: str, role: Role = Role.DIRECTOR) -> list[str]:
        async with unit.client(role) as caller:
            answer = await caller.get(path, params={"responsible": who, "limit": 200})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert {item["data"]["responsible"] for item in items} <= {who}
        return [item["id"] for item in items]

    async def hand_over(self, unit: Served, **more: Any) -> dict[str, Any]:
        body = {"from": self.leaving, "to": self.taking, "reason": "Retirement", **more}
        async with unit.client(Role.DIRECTOR) as director:
            answer = await director.post("/v1/handovers", json=body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told


def two(area: Area) -> Change:
    return Change(area, f"leaving-{uuid.uuid4()}", f"taking-{uuid.uuid4()}")


async def test_who_enters_something_answers_for_it_until_it_is_corrected(area: Area) -> None:
    people = two(area)
    for unit, path, role, body in people.owners():
        subject = await people.enter(unit, path, role, body)
        assert await people.of(unit, path, people.leaving) == [subject]
        async with unit.client(role) as officer:
            answer = await officer.post(f"{path}/{subject}/correct", json={"responsible": people.taking})
            assert answer.json()["changed"] is True, answer.text
            shown = (await officer.get(f"{path}/{subject}")).json()
            told = (await officer.get(f"{path}/{subject}/history")).json()["items"][-1]
            again = await officer.post(f"{path}/{subject}/correct", json={"responsible": people.taking})
        assert shown["data"]["responsible"] == people.taking
        assert told["data"]["fields"] == ["responsible"]
        assert people.taking not in str(told)
        assert again.json()["changed"] is False
        assert await people.of(unit, path, people.leaving) == []


async def test_a_program_answers_for_nothing_and_a_substitute_for_the_principal(area: Area) -> None:
    async with area.agreements.client(Role.INTEGRATION) as program:
        entered = await program.post("/v1/agreements", json=DRAFT)
        shown = (await program.get(f"/v1/agreements/{entered.json()['subject']}")).json()
    assert shown["data"]["responsible"] is None
    lent = Pair(area, f"principal-{uuid.uuid4()}", f"substitute-{uuid.uuid4()}", Role.OFFICER_CITY)
    await lent.lend()
    await lent.let_in(area.agreements)
    entered = await lent.ask(area.agreements, "POST", "/v1/agreements", DRAFT)
    async with area.agreements.client(Role.AUDITOR) as auditor:
        shown = (await auditor.get(f"/v1/agreements/{entered.json()['subject']}")).json()
    assert shown["data"]["responsible"] == lent.principal


async def test_all_of_it_is_passed_on_and_the_journal_says_why(area: Area) -> None:
    people = two(area)
    for unit, path, role, body in people.owners():
        entered = [await people.enter(unit, path, role, body) for _ in range(3)]
        assert await people.hand_over(unit) == {"passed_on": 3, "ended": 0, "left": 0}
        assert await people.of(unit, path, people.taking) == sorted(entered)
        assert await people.of(unit, path, people.leaving) == []
        async with unit.client(Role.AUDITOR) as auditor:
            rows = (await auditor.get("/v1/audit", params={"subject": entered[0]})).json()["items"]
        assert rows[0]["command"] == "hand-over"
        changed = {change["field"]: (change["before"], change["after"]) for change in rows[0]["changes"]}
        assert people.leaving in str(changed["responsible"][0])
        assert people.taking in str(changed["responsible"][1])
        assert "Retirement" in str(changed["handover_reason"][1])


async def test_one_that_was_interrupted_goes_on_and_a_second_one_changes_nothing(area: Area) -> None:
    people = two(area)
    unit, path, role, body = people.owners()[1]
    entered = [await people.enter(unit, path, role, body) for _ in range(5)]
    assert await people.hand_over(unit, at_most=2) == {"passed_on": 2, "ended": 0, "left": 3}
    assert len(await people.of(unit, path, people.leaving)) == 3
    # Something new of the same person meanwhile is taken along.
    entered.append(await people.enter(unit, path, role, body))
    assert await people.hand_over(unit) == {"passed_on": 4, "ended": 0, "left": 0}
    before = await unit.database["agreements"].find({"_id": {"$in": entered}}, {"version": 1}).to_list()
    assert {row["version"] for row in before} == {2}
    assert await people.hand_over(unit) == {"passed_on": 0, "ended": 0, "left": 0}
    after = await unit.database["agreements"].find({"_id": {"$in": entered}}, {"version": 1}).to_list()
    assert after == before


async def test_one_that_dies_in_the_middle_leaves_the_rest_to_the_next(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = two(area)
    unit, path, role, body = people.owners()[0]
    for _ in range(6):
        await people.enter(unit, path, role, body)
    change, calls = Repository.change, 0

    async def dies(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise ConnectionResetError
        return await change(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Repository, "change", dies)
        async with unit.client(Role.DIRECTOR) as director:
            given = {"from": people.leaving, "to": people.taking, "reason": "Retirement"}
            assert (await director.post("/v1/handovers", json=given)).status_code == 503
    assert len(await people.of(unit, path, people.taking)) == 3
    assert await people.hand_over(unit) == {"passed_on": 3, "ended": 0, "left": 0}


async def test_the_substitutions_of_who_leaves_are_ended_on_both_sides(area: Area) -> None:
    people = two(area)
    as_principal = Pair(area, people.leaving, f"substitute-{uuid.uuid4()}", Role.CABINET)
    as_substitute = Pair(area, f"principal-{uuid.uuid4()}", people.leaving, Role.CABINET)
    for pair in (as_principal, as_substitute):
        await pair.lend()
        await pair.let_in(area.agreements)
    assert await people.hand_over(area.agenda) == {"passed_on": 0, "ended": 2, "left": 0}
    for pair in (as_principal, as_substitute):
        answer = await pair.ask(area.agenda, "GET", PATHS["Ponte: agenda"])
        assert answer.json()["code"] == "lending-ended"
        await pair.told(area.agreements, "lending-ended")
    assert await people.hand_over(area.agenda) == {"passed_on": 0, "ended": 0, "left": 0}


async def test_who_may_not_see_a_reserved_mission_is_not_told_whose_it_is(area: Area) -> None:
    people = two(area)
    unit, path, role, body = people.owners()[0]
    subject = await people.enter(unit, path, role, {**body, "reserved": True})
    assert await people.of(unit, path, people.leaving) == [subject]
    assert await people.of(unit, path, people.leaving, Role.CONTRIBUTOR) == []
    async with unit.client(Role.CONTRIBUTOR) as contributor:
        assert (await contributor.get(f"{path}/{subject}")).json()["data"]["responsible"] is None
    assert (await people.hand_over(unit))["passed_on"] == 1
    assert await people.of(unit, path, people.taking) == [subject]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"from": "a", "to": "a", "reason": "x"}, "same-person"),
        ({"from": "a", "to": "b", "reason": " "}, None),
        ({"from": "a b", "to": "b", "reason": "x"}, None),
        ({"leaving": "a", "taking": "b", "reason": "x"}, None),
    ],
)
async def test_what_is_no_handover_is_refused(area: Area, body: dict[str, Any], code: str | None) -> None:
    async with area.dossiers.client(Role.DIRECTOR) as director:
        answer = await director.post("/v1/handovers", json=body)
    assert answer.status_code == 422, answer.text
    assert code in (None, answer.json()["code"])


async def test_the_command_goes_over_every_unit_and_can_be_given_again(
    area: Area, capsys: pytest.CaptureFixture[str]
) -> None:
    people = two(area)
    for unit, path, role, body in people.owners():
        for _ in range(2):
            await people.enter(unit, path, role, body)
    units = {unit.app.state.service.name: unit for unit in (area.agenda, *area.others)}
    token = issue_token(area.agenda.keys, Role.DIRECTOR)
    mounts = {f"all://{name}.test": httpx.ASGITransport(unit.app) for name, unit in units.items()}
    async with httpx.AsyncClient(mounts=mounts, headers={"authorization": f"Bearer {token}"}) as http:
        services = People({name: f"http://{name}.test" for name in units}, http, 5)
        given = {"from": people.leaving, "to": people.taking, "reason": "Retirement", "at_most": 1}
        stopped = asyncio.Event()
        stopped.set()
        assert not await command.go_over(services, given, stopped)
        assert capsys.readouterr().out == "agenda: 1 passed on, 1 left\n"
        assert await command.go_over(services, given, asyncio.Event())
        assert capsys.readouterr().out.splitlines() == [
            "agenda: 1 passed on",
            "agreements: 2 passed on",
            "networks: 2 passed on",
            "dossiers: 2 passed on",
        ]
        assert await command.go_over(services, given, asyncio.Event())
        assert capsys.readouterr().out.count("0 passed on") == 4

    async def in_the_page() -> None:
        rows = area.dashboard.database["feed"].find({"type": {"$regex": "corrected"}})
        told = [row["data"]["fields"] for row in await rows.to_list()]
        assert told.count(["responsible"]) >= 8

    await eventually(in_the_page, within=20)
