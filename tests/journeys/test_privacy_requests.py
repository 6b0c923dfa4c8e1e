"""Somebody asks what is kept about them, is refused, asks to be erased, and is gone: as the guide says."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.privacy.finding import finds
from shared.privacy.seeking import Person
from shared.testing.waiting import eventually
from tests.system import SERVICES, System

pytestmark = pytest.mark.timeout(400)

NAME = "Zyxwa Quorbél"
WAYS = [NAME, "Quorbél, Zyxwa", "Zyxwa Quorbel"]
SOURCE = {"title": "Comune di Milano", "kind": "official"}
LEG = {"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}
OWNERS = [name for name in SERVICES if name != "dashboard"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ponte(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with System(tmp_path_factory.mktemp("privacy") / "data") as system:
        yield system


async def planted(ponte: System) -> None:
    """The person stands in a record of each unit, as a name and in texts, and in what changed since."""
    mission = {
        "title": f"Lyon with {NAME}", "purpose": "meeting", "holder": {"function": "Mayor"}, "legs": [LEG],
        "delegation": [{"name": "QUORBÉL, Zyxwa", "function": "Guest"}, {"name": NAME, "function": "Guest"}],
        "note": "zyxwa quorbél pays", "schedule": True,
    }  # fmt: skip
    network = {
        "network": "C40", "network_it": "C40", "unit": "european", "role": "member", "source": SOURCE,
        "as_of": "2026-01-01", "note": f"Founded by {NAME}",
    }  # fmt: skip
    mandate = {
        "office": "Chair", "office_it": "Presidente", "body": "Board", "body_it": "Direttivo",
        "since": "2021",
        "holder": {"name": NAME, "function": "Councillor"}, "source": SOURCE, "as_of": "2026-01-01",
    }  # fmt: skip
    agreement = {
        "kind": "twinning", "title": "Lyon", "counterpart": {"name": "Lyon", "name_it": "Lione"},
        "note": f"Prepared by {NAME}",
    }  # fmt: skip
    candidacy = {
        "kind": "prize", "what_for": "A prize", "what_for_it": "Un premio", "applicant": "Milano",
        "applicant_it": "Milano", "source": SOURCE, "as_of": "2026-01-01", "note": f"Idea of {NAME}",
    }  # fmt: skip

    async def post(service: str, path: str, body: dict[str, Any]) -> str:
        async with ponte.http(service) as director:
            answer = await director.post(path, json=body)
            assert answer.is_success, answer.text
            return str(answer.json()["subject"])

    mission_id = await post("agenda", "/v1/missions", mission)
    await post("agenda", f"/v1/missions/{mission_id}/correct", {"title": "Lyon, food policy"})
    network_id = await post("networks", "/v1/memberships", network)
    await post("networks", f"/v1/memberships/{network_id}/mandates", mandate)
    await post("agreements", "/v1/agreements", agreement)
    await post("dossiers", "/v1/candidacies", candidacy)

    async def shown() -> bool:
        return await ponte.database("dashboard")["feed"].count_documents({}) == 7

    await eventually(shown, within=30)


async def stands_in(ponte: System, service: str) -> list[str]:
    """Every place of a service's database, looked at straight."""
    whom, database = Person(WAYS), ponte.database(service)
    found: list[str] = []
    for name in await database.list_collection_names():
        async for document in database[name].find({}):
            found += [f"{name}/{document['_id']}: {find.path}" for find in finds(document, whom)]
    return found


def exported(file: Path) -> dict[str, list[dict[str, Any]]]:
    return {each["service"]: each["places"] for each in json.loads(file.read_text())["services"]}


async def test_a_request_is_answered_as_the_guide_says(ponte: System, tmp_path: Path) -> None:
    await planted(ponte)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(WAYS))
    whom = ["--names-file", str(names)]

    told = ponte.ponte("privacy", "export", *whom, "--to", str(tmp_path / "before.json"))
    assert told.returncode == 0, told.stderr
    before = exported(tmp_path / "before.json")
    assert before.keys() == set(SERVICES)
    assert all(before.values()), {service: len(places) for service, places in before.items()}
    assert {place["collection"] for place in before["agenda"]} >= {"missions", "journal"}
    agenda = next(
        each
        for each in json.loads((tmp_path / "before.json").read_text())["services"]
        if each["service"] == "agenda"
    )
    assert "Regulation (EU) 2016/679, art. 6(1)(e)" in str(agenda["activities"])

    ground = ["--ground", "Regulation (EU) 2016/679, art. 17(3)(b)", "--reason", "Protocol 11/2026"]
    told = ponte.ponte("privacy", "refuse", *whom, *ground)
    assert told.returncode == 0, told.stderr
    number = told.stdout.splitlines()[0]
    assert re.fullmatch(r"refusal-[0-9a-f]{20}", number)
    told = ponte.ponte("privacy", "status", number)
    assert told.returncode == 0
    assert told.stdout.count("refused; Regulation (EU) 2016/679, art. 17(3)(b)") == len(SERVICES)
    assert await stands_in(ponte, "agenda")

    erase = ["privacy", "erase", *whom, "--reason", "Protocol 12/2026", "--yes"]
    first = ponte.ponte(*erase)
    assert first.returncode == 0, first.stderr + first.stdout
    again = ponte.ponte(*erase)
    assert again.stdout == first.stdout
    number = first.stdout.splitlines()[0]
    told = ponte.ponte("privacy", "status", number, "--wait")
    assert told.returncode == 0, told.stdout
    assert told.stdout.count(": done") == len(SERVICES)

    # Every service has said that it is done, and its database says so too.
    for service in SERVICES:
        assert await stands_in(ponte, service) == []
    told = ponte.ponte("privacy", "export", *whom, "--to", str(tmp_path / "after.json"))
    assert told.returncode == 0, told.stderr
    assert exported(tmp_path / "after.json") == {service: [] for service in SERVICES}


async def test_nothing_of_a_person_is_in_logs_metrics_or_pages(ponte: System) -> None:
    """After the journey above, which has written the name in every way that there is."""
    whom = Person(WAYS)
    logs = [
        file
        for file in ponte.folder.rglob("*.log*")
        if "kafka" not in file.parts and "mongod" not in file.parts
    ]
    assert len(logs) >= len(SERVICES)
    for file in [*logs, ponte.output]:
        assert not whom.in_bytes(file.read_bytes()), file
    scrape = (ponte.folder / "metrics-token").read_text().strip()
    for service in SERVICES:
        async with ponte.http(service) as http:
            metrics = await http.get("/metrics", headers={"authorization": f"Bearer {scrape}"})
            assert metrics.status_code == 200
            assert not whom.in_text(metrics.text)
    async with ponte.http("dashboard") as http:
        for path in ("/v1/feed", "/v1/overview"):
            answer = await http.get(path)
            assert answer.status_code in {200, 404}
            assert not whom.in_text(answer.text)


async def test_the_chains_still_verify(ponte: System) -> None:
    told = ponte.ponte("check", "--audit")
    assert told.returncode == 0, told.stdout + told.stderr
