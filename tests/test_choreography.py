"""The agenda and agreements follow each other by events alone, on a real mongod and a real Kafka."""

import functools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

import services.agenda.app
import services.agreements.app
from services.agenda.settings import Settings as AgendaSettings
from services.agreements.settings import Settings as AgreementsSettings
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store.driver import Document
from shared.store.events import verify_chain
from shared.testing.serving import serving, surroundings
from shared.testing.waiting import eventually
from tests.two_units import LYON, City

OSAKA = {"place": "Osaka", "starts_at": "2027-03-07T10:00", "ends_at": "2027-03-08T18:00"}
SOURCE = {"title": "Comune di Milano", "kind": "official"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def city(mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    folder = tmp_path_factory.mktemp("choreography")
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, folder) as around,
        serving(around, services.agenda.app.build_app, AgendaSettings) as agenda,
        serving(around, services.agreements.app.build_app, AgreementsSettings) as agreements,
    ):
        yield City(around, agenda, agreements, kafka.bootstrap_servers)


async def test_a_mission_to_sign_schedules_the_signing_and_its_cancellation_reopens_it(city: City) -> None:
    agreement_id = await city.draft()
    mission_id = await city.mission(agreement_id)
    await city.signing_is_with(agreement_id, mission_id, on="2027-03-04T08:30:00.000Z")
    assert (await city.agreement(agreement_id))["signing"]["place"]["city"] == "Lyon"
    await city.act(mission_id, "cancel", {"reason": "The host has postponed"})
    await city.signing_is_with(agreement_id, None)
    async with city.agreements.client("auditor") as auditor:
        told = (await auditor.get(f"/v1/agreements/{agreement_id}/history")).json()["items"]
    assert told[-1]["data"]["reason"] == "The host has postponed"
    assert told[-1]["actor"] == "service:agreements"


async def test_a_proposed_mission_schedules_nothing_until_it_is_settled(city: City) -> None:
    agreement_id = await city.draft()
    mission_id = await city.mission(agreement_id, schedule=False)
    await city.act(mission_id, "reschedule", {"legs": [OSAKA]})
    await city.act(mission_id, "schedule")
    await city.signing_is_with(agreement_id, mission_id, on="2027-03-07T01:00:00.000Z")
    async with city.agreements.client("auditor") as auditor:
        told = (await auditor.get(f"/v1/agreements/{agreement_id}/history")).json()["items"]
    assert [entry["type"].split(".")[-2] for entry in told] == ["drafted", "signing-scheduled"]


async def test_the_signing_moves_with_its_mission_to_the_counterparts_city(city: City) -> None:
    agreement_id = await city.draft("Osaka")
    mission_id = await city.mission(agreement_id)
    await city.signing_is_with(agreement_id, mission_id, on="2027-03-04T08:30:00.000Z")
    await city.act(mission_id, "reschedule", {"legs": [LYON, OSAKA]})
    await city.signing_is_with(agreement_id, mission_id, on="2027-03-07T01:00:00.000Z")


async def test_the_signature_is_noted_on_the_mission(city: City) -> None:
    agreement_id = await city.draft()
    mission_id = await city.mission(agreement_id)
    await city.signing_is_with(agreement_id, mission_id)
    signed = {"signed_on": "2026-01", "source": SOURCE}
    await city.post(city.agreements, f"/v1/agreements/{agreement_id}/sign", signed)

    async def noted() -> None:
        mission = await city.show(city.agenda, f"/v1/missions/{mission_id}")
        assert mission["signature"] == {"agreement_id": agreement_id, "signed_on": "2026-01"}

    await eventually(noted, within=10)


async def test_a_mission_corrected_to_another_agreement_takes_the_signing_along(city: City) -> None:
    first, second = await city.draft(), await city.draft("Osaka")
    mission_id = await city.mission(first)
    await city.signing_is_with(first, mission_id)
    await city.act(mission_id, "correct", {"agreement_id": second})
    await city.signing_is_with(second, mission_id)
    await city.signing_is_with(first, None)
    await city.act(mission_id, "correct", {"agreement_id": None, "purpose": "meeting"})
    await city.signing_is_with(second, None)


async def test_another_mission_takes_the_signing_over_and_the_first_no_longer_holds_it(city: City) -> None:
    agreement_id = await city.draft()
    first = await city.mission(agreement_id)
    await city.signing_is_with(agreement_id, first)
    second = await city.mission(agreement_id, legs=[OSAKA])
    await city.signing_is_with(agreement_id, second)
    await city.act(first, "reschedule", {"legs": [{**LYON, "ends_at": "2027-03-06T18:00"}]})
    await city.refused(city.agreements, first, "signing-elsewhere")
    await city.act(first, "cancel", {"reason": "The other mission signs"})
    await city.act(second, "reschedule", {"legs": [LYON]})
    await city.signing_is_with(agreement_id, second, on="2027-03-04T08:30:00.000Z")


async def test_a_reserved_mission_schedules_the_signing_without_telling_where(city: City) -> None:
    agreement_id = await city.draft()
    mission_id = await city.mission(agreement_id, reserved=True)
    await city.signing_is_with(agreement_id, mission_id, place=None)
    await city.act(mission_id, "correct", {"reserved": False})

    async def shown() -> None:
        assert (await city.agreement(agreement_id))["signing"]["place"]["city"] == "Lyon"

    await eventually(shown, within=10)
    await city.act(mission_id, "correct", {"reserved": True})
    await city.signing_is_with(agreement_id, mission_id, place=None)


async def test_what_a_rule_refuses_is_kept_for_an_officer(city: City) -> None:
    twinning = {
        "kind": "twinning",
        "title": "Twinning with Lyon",
        "counterpart": {"name": "Lyon", "place": "Lyon"},
        "permanent": True,
        "signed": [{"date": "1967-09-22", "source": SOURCE}],
        "status": {"status": "in-force", "source": SOURCE, "as_of": "2023"},
    }
    agreement_id = await city.post(city.agreements, "/v1/agreements/register", twinning)
    mission_id = await city.mission(agreement_id)
    kept = await city.refused(city.agreements, mission_id, "forbidden-transition")
    assert "in-force" in kept["texts"]["en"]
    assert "non è possibile" in kept["texts"]["it"]
    assert (await city.agreement(agreement_id))["status"]["status"] == "in-force"
    nowhere = await city.mission("agreement-unknown")
    kept = await city.refused(city.agreements, nowhere, "not-found")
    assert "agreement-unknown" in kept["texts"]["it"]


async def test_a_signature_on_a_mission_that_nobody_knows_is_kept_for_an_officer(city: City) -> None:
    agreement_id = await city.draft()
    by_hand = {"mission_id": "mission-unknown", "on": "2099-01-01T10:00", "place": "Lyon"}
    await city.post(city.agreements, f"/v1/agreements/{agreement_id}/schedule-signing", by_hand)
    await city.post(city.agreements, f"/v1/agreements/{agreement_id}/sign", {"signed_on": "2026-01"})
    kept = await city.refused(city.agenda, agreement_id, "not-found")
    assert kept["type"] == "ponte.agreements.agreement.signed.v1"


async def test_an_officer_is_shown_what_was_refused(city: City) -> None:
    refused = [await city.mission(f"agreement-unknown-{number}") for number in range(3)]
    for mission_id in refused:
        await city.refused(city.agreements, mission_id, "not-found")
    async with city.agreements.client("officer-city") as officer:
        italian = {"accept-language": "it"}
        first = (await officer.get("/v1/refused-reactions?limit=2", headers=italian)).json()
        rest = (await officer.get("/v1/refused-reactions", params={"after": first["next"]})).json()
    assert [entry["subject"] for entry in [*first["items"], *rest["items"]]][:3] == refused[::-1]
    assert "Non esiste nulla" in first["items"][0]["reason"]
    assert "There is nothing" in rest["items"][0]["reason"]


async def test_events_that_come_again_change_nothing(city: City) -> None:
    agreement_id = await city.draft()
    mission_id = await city.mission(agreement_id)
    await city.signing_is_with(agreement_id, mission_id)
    await city.act(mission_id, "cancel", {"reason": "Strike"})
    await city.signing_is_with(agreement_id, None)
    collection = city.agreements.database["agreements"]
    before = await collection.find_one({"_id": agreement_id}, {"version": 1, "sequence": 1})
    await _send_again(city, mission_id)
    await eventually(functools.partial(_all_finished, city), within=15)
    assert await collection.find_one({"_id": agreement_id}, {"version": 1, "sequence": 1}) == before


async def test_what_both_units_tell_is_one_unbroken_chain(city: City) -> None:
    agreement_id = await city.draft()
    mission_id = await city.mission(agreement_id)
    await city.signing_is_with(agreement_id, mission_id)

    async def journalled() -> list[Document]:
        found = city.agreements.database["journal"].find({"subject": agreement_id}).sort([("sequence", 1)])
        rows = await found.to_list()
        assert [row["sequence"] for row in rows] == [1, 2]
        return rows

    rows = await eventually(journalled, within=10)
    assert verify_chain(rows) is None
    mission = await city.agenda.database["missions"].find_one({"_id": mission_id})
    assert mission is not None
    told = await city.agenda.database["journal"].find_one({"subject": mission_id, "sequence": 2})
    assert told is not None
    # The signing was caused by the mission's second event and belongs to the same errand.
    assert rows[1]["correlation_id"] == told["correlation_id"]
    assert rows[1]["causation_id"] is not None


async def _send_again(city: City, subject: str) -> None:
    """Every message of the subject once more, as a broker may deliver them."""
    consumer = AIOKafkaConsumer(
        city.topic, bootstrap_servers=city.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    async with consumer, AIOKafkaProducer(bootstrap_servers=city.kafka) as producer:
        found: list[Any] = []

        async def read() -> None:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found.extend(record for record in records if record.key == subject.encode())
            assert len(found) == 3

        await eventually(read, within=15)
        for record in found:
            await producer.send_and_wait(
                city.topic, key=record.key, value=record.value, headers=list(record.headers)
            )


async def _all_finished(city: City) -> bool:
    """Whether agreements has finished everything that the agenda's topic holds."""
    admin = AIOKafkaAdminClient(bootstrap_servers=city.kafka)
    consumer = AIOKafkaConsumer(city.topic, bootstrap_servers=city.kafka)
    await admin.start()
    try:
        async with consumer:
            ends = await consumer.end_offsets(consumer.assignment())
        noted = await admin.list_consumer_group_offsets(f"{city.around.prefix}agreements")
    finally:
        await admin.close()
    return all(end == 0 or noted[partition].offset >= end for partition, end in ends.items())
