"""Everything about a person, asked of real services over HTTP: each place, page by page, and recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import services.agenda.app
import services.dashboard.app
from services.agenda.settings import Settings as AgendaSettings
from services.dashboard.settings import Settings as DashboardSettings
from shared.identity import Identity, Role
from shared.identity.local import ensure_keys
from shared.identity.sessions import Sessions
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.privacy import exporting
from shared.testing.serving import Served, serving, surroundings
from shared.testing.waiting import eventually
from shared.web.routes import guarded_routes
from tests.system import SERVICES
from tests.test_open_routes import app_of

ADA = "Ada Màrkova"
LEG = {"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}


class Two:
    """The agenda, which owns the missions, and the dashboard, which shows them."""

    def __init__(self, agenda: Served, dashboard: Served) -> None:
        self.agenda, self.dashboard = agenda, dashboard

    async def mission(self, **fields: Any) -> str:
        body = {"title": "Food policy", "purpose": "meeting", "holder": {"function": "Mayor"}, "legs": [LEG]}
        async with self.agenda.client(Role.OFFICER_CITY, subject="8c1f") as officer:
            answer = await officer.post("/v1/missions", json={**body, **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["subject"])

    async def shown(self, mission_id: str) -> None:
        async def there() -> bool:
            return await self.dashboard.database["feed"].find_one({"subject": mission_id}) is not None

        await eventually(there, within=30)

    async def journaled(self, mission_id: str) -> None:
        async def there() -> bool:
            row = await self.agenda.database["missions"].find_one({"_id": mission_id}, {"outbox": 1})
            return row is not None and row["outbox"] == []

        await eventually(there, within=30)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def two(mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp("export")) as around,
        serving(around, services.agenda.app.build_app, AgendaSettings) as agenda,
        serving(around, services.dashboard.app.build_app, DashboardSettings) as dashboard,
    ):
        yield Two(agenda, dashboard)


async def exported(served: Served, role: Role = Role.DIRECTOR, **whom: Any) -> list[dict[str, Any]]:
    """All pages of an export."""
    items: list[dict[str, Any]] = []
    after: str | None = None
    async with served.client(role) as caller:
        while True:
            answer = await caller.post("/v1/people/export", json={**whom, "after": after})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            items += page["items"]
            after = page["next"]
            if after is None:
                return items


def by_path(items: list[dict[str, Any]], collection: str, document: str) -> dict[str, dict[str, Any]]:
    return {
        each["path"]: each for each in items if (each["collection"], each["id"]) == (collection, document)
    }


async def test_everything_about_a_person_is_told_with_its_place(two: Two) -> None:
    mission_id = await two.mission(
        delegation=[{"name": ADA, "function": "Guest"}, {"name": "Bo Neri", "function": "Officer"}],
        note="Lunch with ada màrkova",
        schedule=True,
    )
    await two.journaled(mission_id)
    await two.shown(mission_id)
    items = await exported(two.agenda, names=[ADA])
    record = by_path(items, "missions", mission_id)
    assert record.keys() == {"state.delegation.0.name", "state.note"}
    assert record["state.delegation.0.name"]["beside"]["function"] == "Guest"
    assert {each["activity"] for each in record.values()} == {"missions"}
    first, second = (by_path(items, "journal", f"{mission_id}/1/{sequence}") for sequence in (1, 2))
    assert first["data.mission.delegation.0.name"]["beside"]["type"].endswith("mission.proposed.v1")
    # What the save changed of the private state stands with its last event.
    changes = [path for path in second if path.startswith("audit.changes.")]
    assert {second[path]["value"] for path in changes} == {ADA, "Lunch with ada màrkova"}
    assert "Bo Neri" not in str(items)
    shown = await exported(two.dashboard, names=[ADA])
    assert {each["collection"] for each in shown} == {"missions", "feed"}
    assert by_path(shown, "missions", mission_id).keys() == {"state.delegation.0.name"}


async def test_who_works_with_ponte_is_found_by_the_opaque_id(two: Two) -> None:
    mission_id = await two.mission()
    await two.journaled(mission_id)
    items = await exported(two.agenda, person_ids=["8c1f"])
    row = by_path(items, "journal", f"{mission_id}/1/1")
    assert row["actor"]["activity"] == "journal"
    assert all(each["kind"] == "id" for each in items)
    await two.dashboard.database["visits"].insert_one({"_id": "8c1f", "at": None})
    visits = [
        each for each in await exported(two.dashboard, person_ids=["8c1f"]) if each["collection"] == "visits"
    ]
    assert [(each["path"], each["activity"]) for each in visits] == [("_id", "visits")]


async def test_a_session_is_told_without_the_providers_tokens(two: Two) -> None:
    sessions = Sessions(two.dashboard.database)
    who = Identity(
        subject="u-77", client="ponte-dashboard", roles=frozenset({Role.DIRECTOR}), name="Fio Ruzzu"
    )
    session = await sessions.open(who, datetime.now(UTC))
    by_name = await exported(two.dashboard, names=["Fio Ruzzu"])
    [found] = [each for each in by_name if each["collection"] == "sessions"]
    assert (found["path"], found["value"], found["activity"]) == ("name", "Fio Ruzzu", "sessions")
    assert found["beside"]["roles"] == ["director"]
    [by_id] = [e for e in await exported(two.dashboard, person_ids=["u-77"]) if e["collection"] == "sessions"]
    assert by_id["path"] == "subject"
    assert session.cookie not in str([found, by_id])


async def test_pages_add_up_whatever_their_size(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        await two.journaled(await two.mission(delegation=[{"name": "Carla Ümit", "function": "Guest"}]))
    whole = await exported(two.agenda, names=["Carla Ümit"])
    assert len({(each["collection"], each["id"]) for each in whole}) == 8
    monkeypatch.setattr(exporting, "MOST_FINDS", 1)
    assert await exported(two.agenda, names=["Carla Ümit"]) == whole
    monkeypatch.setattr(exporting, "MOST_DOCUMENTS", 3)
    assert await exported(two.agenda, names=["Carla Ümit"]) == whole


async def test_a_poisoned_message_about_the_person_is_told_of(two: Two) -> None:
    poison = b'{"mission": {"holder": {"name": "Dora Pok\\u00e9"'
    await two.dashboard.database["dead_letters"].insert_one(
        {
            "_id": "ponte.agenda/1/1",
            "topic": "ponte.agenda",
            "value": poison,
            "headers": [["ce_actor", b"5e77"]],
        }
    )
    [found] = await exported(two.dashboard, names=["Dora Poké"])
    assert (found["collection"], found["path"], found["kind"]) == ("dead_letters", "value", "message")
    assert (found["value"], found["activity"]) == (None, "messages")
    [actor] = await exported(two.dashboard, person_ids=["5e77"])
    assert (actor["path"], actor["value"]) == ("headers.0.ce_actor", "5e77")


async def test_an_export_of_reserved_missions_is_in_the_trail_before_it_is_answered(two: Two) -> None:
    mission_id = await two.mission(reserved=True, holder={"function": "Mayor", "name": "Elio Zanetti"})
    assert await exported(two.agenda, names=["Elio Zanetti"])
    rows = await two.agenda.database["audit_entries"].find({"action": "people.export"}).to_list()
    assert mission_id in {row["subject"] for row in rows if isinstance(row["subject"], str)}
    assert {row["kind"] for row in rows} == {"reading"}
    # Nobody's name is in the trail, nor did looking for them leave a trace of it.
    assert await exported(two.agenda, names=["Nobody Whoever"]) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"names": ["  "]},
        {"names": ["--"]},
        {"names": ["A"] * 3},
        {"person_ids": [{"$ne": ""}]},
        {"names": [ADA], "after": "not-a-place"},
        {"names": [ADA], "after": "WyJtaXNzaW9ucyIsIHsiJGd0IjogIiJ9XQ=="},
        {"names": [ADA], "also": 1},
        {"names": ["x" * 201]},
    ],
)
async def test_what_names_nobody_or_is_no_place_is_refused(two: Two, body: dict[str, Any]) -> None:
    async with two.agenda.client(Role.DIRECTOR) as director:
        answer = await director.post("/v1/people/export", json=body)
    assert answer.status_code == 422, answer.text


async def test_the_register_is_told_in_both_languages(two: Two) -> None:
    async with (
        two.agenda.client(Role.AUDITOR) as english,
        two.agenda.client(Role.AUDITOR, language="it") as italian,
    ):
        told = {each["key"]: each for each in (await english.get("/v1/people/register")).json()["items"]}
        detto = {each["key"]: each for each in (await italian.get("/v1/people/register")).json()["items"]}
    assert told["missions"]["kept_months"] == 120
    assert told["missions"]["collections"] == ["journal", "missions"]
    assert detto["missions"]["name"] == "Missioni del Sindaco e dei delegati"
    assert "Regulation (EU) 2016/679, art. 6(1)(e)" in told["missions"]["legal_bases"][0]


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_can_be_asked(service: str, tmp_path: Path) -> None:
    routes = {route.path for route in guarded_routes(app_of(service, ensure_keys(tmp_path)))}
    assert {"/v1/people/export", "/v1/people/register"} <= routes
