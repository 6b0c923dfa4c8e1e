"""Who was kept long enough goes by itself, from the record, its past and every view, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

import services.agenda.app
import services.dashboard.app
import services.networks.app
from services.agenda.domain import MissionState
from services.agenda.retaining import outlived as outlived_missions
from services.agenda.settings import Settings as AgendaSettings
from services.dashboard.settings import Settings as DashboardSettings
from services.networks.domain import MembershipState
from services.networks.retaining import outlived as outlived_mandates
from services.networks.settings import Settings as NetworksSettings
from shared.identity import Role
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.messaging.letters import LetterStatus
from shared.places.today import CityDay
from shared.privacy.activities import AUDIT, MANDATES, MESSAGES, MISSIONS, VISITS
from shared.privacy.expiring import MARKS, Expiring, of_every_service, visits
from shared.privacy.exporting import export_page
from shared.privacy.ledger import Ledger
from shared.privacy.retention import Look, Retention
from shared.privacy.seeking import Person
from shared.store import Database
from shared.store.audit import event_faults
from shared.store.events import verify_chain
from shared.store.repository import Repository
from shared.store.trail import Chain, Entry, Kind
from shared.store.trail_audit import TrailAudit
from shared.testing.serving import Served, serving, surroundings
from shared.testing.waiting import eventually
from shared.web import ServiceSettings

MILAN = CityDay("Milano")
LEG = {"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}
SOURCE = {"title": "Comune di Milano", "kind": "official"}
LAST_DAY = date(2037, 3, 5)
"""A hundred and twenty months after the mission's end."""


class City:
    """The agenda, networks and the dashboard, which shows what both publish."""

    def __init__(self, agenda: Served, networks: Served, dashboard: Served) -> None:
        self.agenda, self.networks, self.dashboard = agenda, networks, dashboard

    async def mission(self, *, closed: bool = True, **fields: Any) -> str:
        body = {"title": "Food policy", "purpose": "meeting", "holder": {"function": "Mayor"}, "legs": [LEG]}
        async with self.agenda.client(Role.OFFICER_CITY) as officer:
            answer = await officer.post("/v1/missions", json={**body, **fields})
            assert answer.status_code == 201, answer.text
            mission_id = str(answer.json()["subject"])
            if closed:
                done = await officer.post(f"/v1/missions/{mission_id}/cancel", json={"reason": "Postponed"})
                assert done.status_code == 200, done.text
        await settled(self.agenda, "missions", mission_id)
        return mission_id


async def settled(served: Served, collection: str, subject: str) -> None:
    """Every event of the record is in the journal."""

    async def there() -> bool:
        row = await served.database[collection].find_one({"_id": subject}, {"outbox": 1})
        return row is not None and row["outbox"] == []

    await eventually(there, within=30)


async def places(served: Served, *names: str) -> set[tuple[str, str]]:
    """Collections and documents in which somebody still stands."""
    page = await export_page(served.database, Person(names))
    assert page.next is None
    return {(found.collection, found.id) for found in page.items}


async def retained(served: Served, look: Look, today: date) -> int:
    """One day's run; the running service carries its erasures out. How many records it was about."""
    service = served.app.state.service.name
    ledger = Ledger(served.database, 1)
    done = await Retention(served.database, service, MILAN, erasures=ledger, records=look, why="r").run(today)

    async def carried_out() -> bool:
        return await ledger.waiting() == []

    await eventually(carried_out, within=60)
    return done["records"]


def missions_over(served: Served) -> Look:
    """As the agenda wires it."""
    missions: Any = Repository(
        served.database["missions"], served.database["journal"], MissionState, epoch=1, what="mission_id"
    )
    return outlived_missions(lambda: missions, lambda: served.database, MILAN, 120)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def city(mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp("retention")) as around,
        serving(around, services.agenda.app.build_app, AgendaSettings) as agenda,
        serving(around, services.networks.app.build_app, NetworksSettings) as networks,
        serving(around, services.dashboard.app.build_app, DashboardSettings) as dashboard,
    ):
        yield City(agenda, networks, dashboard)


async def test_the_people_of_a_mission_go_on_the_day_after_the_last_one(city: City) -> None:
    people = [{"name": "Ada Màrkova", "function": "Guest"}, {"name": "Bo Neri", "function": "Officer"}]
    mission_id = await city.mission(delegation=people, note="Lunch with Ada Màrkova")
    still_open = await city.mission(closed=False, delegation=people)

    async def shown() -> bool:
        return len(await places(city.dashboard, "Ada Màrkova")) >= 4

    await eventually(shown, within=30)
    over = missions_over(city.agenda)
    assert await retained(city.agenda, over, LAST_DAY) == 0
    assert ("missions", mission_id) in await places(city.agenda, "Ada Màrkova")
    assert await retained(city.agenda, over, LAST_DAY + timedelta(days=1)) == 1
    assert {
        document.split("/")[0] for _, document in await places(city.agenda, "Ada Màrkova", "Bo Neri")
    } == {still_open}

    async def gone_from_the_views() -> bool:
        left = await places(city.dashboard, "Ada Màrkova", "Bo Neri")
        return {document.split("/")[0] for _, document in left} == {still_open}

    await eventually(gone_from_the_views, within=30)
    # What happened can still be told, and the chain holds.
    rows = await city.agenda.database["journal"].find({"subject": mission_id}).sort("sequence", 1).to_list()
    assert [row["type"].split(".")[-2] for row in rows] == ["proposed", "cancelled", "person-erased"]
    assert verify_chain(rows) is None
    assert [fault for row in rows for fault in event_faults(row)] == []
    # The next day there is nothing to do, and no further event.
    assert await retained(city.agenda, over, LAST_DAY + timedelta(days=2)) == 0
    assert await city.agenda.database["journal"].count_documents({"subject": mission_id}) == 3


async def test_who_was_taken_off_a_mission_goes_from_its_past_too(city: City) -> None:
    mission_id = await city.mission(closed=False, delegation=[{"name": "Carla Ümit", "function": "Guest"}])
    async with city.agenda.client(Role.OFFICER_CITY) as officer:
        await officer.post(f"/v1/missions/{mission_id}/correct", json={"delegation": []})
        await officer.post(f"/v1/missions/{mission_id}/cancel", json={"reason": "Postponed"})
    await settled(city.agenda, "missions", mission_id)
    assert await places(city.agenda, "Carla Ümit")
    over = missions_over(city.agenda)
    assert await retained(city.agenda, over, LAST_DAY + timedelta(days=1)) == 1
    assert await places(city.agenda, "Carla Ümit") == set()
    assert await retained(city.agenda, over, LAST_DAY + timedelta(days=2)) == 0


async def test_each_mandate_goes_by_its_own_end(city: City) -> None:
    body = {
        "network": "EUROCITIES", "network_it": "EUROCITIES", "unit": "european", "role": "member",
        "source": SOURCE, "as_of": "2026-01-01", "note": "Dora Poké and Elio Zanetti founded it",
    }  # fmt: skip
    mandates = [
        {"holder": "Dora Poké", "since": "2000", "until": "2006-06"},
        {"holder": "Elio Zanetti", "since": "2006", "until": "2016-11-28"},
        {"holder": "Elio Zanetti", "since": "2020"},
    ]
    async with city.networks.client(Role.OFFICER_EUROPEAN) as officer:
        answer = await officer.post("/v1/memberships", json=body)
        assert answer.status_code == 201, answer.text
        membership_id = answer.json()["subject"]
        for number, mandate in enumerate(mandates):
            words = {"office": f"Chair {number}", "office_it": f"Sede {number}", "body": "A", "body_it": "A"}
            told = {**mandate, "holder": {"name": mandate["holder"], "function": "Councillor"}}
            said = {**words, **told, "source": SOURCE, "as_of": "2026-01-01"}
            answer = await officer.post(f"/v1/memberships/{membership_id}/mandates", json=said)
            assert answer.status_code == 201, answer.text
    await settled(city.networks, "memberships", membership_id)
    memberships: Any = Repository(
        city.networks.database["memberships"],
        city.networks.database["journal"],
        MembershipState,
        epoch=1,
        what="membership_id",
    )
    over = outlived_mandates(lambda: memberships, 120)
    assert await retained(city.networks, over, date(2016, 6, 30)) == 0
    assert await retained(city.networks, over, date(2026, 11, 29)) == 1
    assert await places(city.networks, "Dora Poké") == set()
    # Whoever sits in the network now is still told, also in the earlier mandate.
    state = (await memberships.get(membership_id)).state.membership
    assert [one.holder.name for one in state.mandates] == [None, "Elio Zanetti", "Elio Zanetti"]
    assert state.note == "[…] and Elio Zanetti founded it"
    assert await retained(city.networks, over, date(2026, 11, 30)) == 0


async def test_addresses_settled_messages_and_visits_go_by_their_age(city: City) -> None:
    await city.mission()
    database, today = city.agenda.database, MILAN.today()
    chain = Chain()
    at = datetime.now(UTC)
    entries = [
        Entry(
            kind=Kind.REFUSAL, origin="192.0.2.7", action="agenda.write", route="/v1/missions", method="POST",
            reason="forbidden", status=403, actor="8c1f", client="pages", at=at - timedelta(days=age),
        )
        for age in (800, 10)
    ]  # fmt: skip
    trail = city.networks.database["audit_entries"]
    await trail.insert_many([chain.link(entry) for entry in entries])
    letters = database["dead_letters"]
    settled_at = {"old": at - timedelta(days=300), "new": at - timedelta(days=30)}
    for name, when in settled_at.items():
        await letters.insert_one(
            {
                "_id": f"ponte.agenda/0/{name}", "topic": "ponte.agenda", "partition": 0, "offset": 1,
                "key": b"k", "value": b"x", "headers": [], "reason": "failed", "error": "", "attempts": 1,
                "stored_at": when, "status": LetterStatus.DISCARDED, "resolved_at": when,
            }
        )  # fmt: skip
    pages = city.dashboard.database["visits"]
    await pages.insert_many([{"_id": name, "at": when} for name, when in settled_at.items()])

    async def run(where: Database, day: date) -> dict[str, int]:
        if day == today:
            # The service itself has looked after today when it started, before these rows of long ago came.
            await where["meta"].delete_one({"_id": MARKS})
        common = of_every_service(audit_months=24, messages_months=6)
        every = [*common, Expiring("visits", 1, visits)]
        return await Retention(where, "x", MILAN, erasures=Ledger(where, 1), expiring=every).run(day)

    assert (await run(city.networks.database, today))["trail-entries"] == 1
    rows = await trail.find({"chain": chain.name}).sort("number", 1).to_list()
    assert [len(row["people"]) for row in rows] == [0, 2]
    audit = TrailAudit()
    assert [fault for row in rows for fault in audit.add(row)] == []
    done = await run(database, today)
    assert (done["settled-letters"], done["journal-addresses"]) == (1, 0)
    assert await letters.count_documents({"status": LetterStatus.ERASED}) == 1
    assert (await run(city.dashboard.database, today))["visits"] == 1
    # Two years and a day later the addresses of today's commands are gone; the events are not.
    before = await database["journal"].count_documents({})
    with_address = await database["journal"].count_documents({"people.path": "audit.origin"})
    later = await run(database, today + timedelta(days=732))
    assert with_address == later["journal-addresses"] > 0
    assert await database["journal"].count_documents({"people.path": "audit.origin"}) == 0
    assert await database["journal"].count_documents({}) == before
    assert (await run(database, today + timedelta(days=732)))["journal-addresses"] == 0


async def test_one_replica_looks_once_a_day(city: City) -> None:
    async def looked() -> Any:
        return await city.agenda.database["meta"].find_one({"_id": "retention/run"})

    # As on a new day, with nobody at it.
    await city.agenda.database["meta"].delete_many({"_id": {"$in": ["retention/run", "retaining"]}})
    replicas = [
        Retention(city.agenda.database, "agenda", MILAN, erasures=Ledger(city.agenda.database, 1))
        for _ in range(3)
    ]
    assert [await replica.poll() for replica in replicas] == [True, False, False]
    assert (await looked())["day"] == MILAN.today().isoformat()


def test_the_settings_begin_with_what_the_register_says() -> None:
    told: dict[str, tuple[type[ServiceSettings], Any]] = {
        "retention_months_missions": (AgendaSettings, MISSIONS),
        "retention_months_mandates": (NetworksSettings, MANDATES),
        "retention_months_visits": (DashboardSettings, VISITS),
        "retention_months_audit": (AgendaSettings, AUDIT),
        "retention_months_messages": (AgendaSettings, MESSAGES),
    }
    for name, (settings, activity) in told.items():
        assert settings.model_fields[name].default == activity.kept.months
        assert activity.kept.setting == f"PONTE_{name.upper()}"
