"""A marked name planted wherever a name can stand, and the search for what is left of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from bson import BSON
from prometheus_client import generate_latest

from shared.identity.roles import Identity, Role
from shared.identity.sessions import Sessions
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.envelope import to_message
from shared.messaging.letters import StoredRecord
from shared.store.driver import Database
from shared.testing.serving import Served, Surroundings
from shared.testing.waiting import eventually
from shared.web.routes import guarded_routes
from tests.test_rights_matrix import impatient

NAME: Final = "Zoë Malagrida"
MARK: Final = "malagrida"
PERSON: Final = {"name": NAME, "function": "Assessore", "person_id": "person-zm"}
SOURCE: Final = {"title": f"Lettera di {NAME}", "kind": "office"}
LEG: Final = {"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}
SAID: Final = f"Come chiesto da zoë\u00a0MALAGRIDA ({NAME.upper()})"


@dataclass(frozen=True)
class Whole:
    """All five services in this process."""

    around: Surroundings
    services: Mapping[str, Served]
    kafka: str

    def __getitem__(self, name: str) -> Served:
        return self.services[name]

    async def post(self, service: str, path: str, body: Any = None, *, role: str = "director") -> str:
        """Send a command and answer its subject."""
        async with self[service].client(role) as caller:
            answer: httpx.Response = await caller.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return str(answer.json().get("subject", ""))

    def topic(self, name: str) -> str:
        """The name on the broker."""
        return f"{self.around.prefix}{name}"


async def plant(whole: Whole) -> dict[str, str]:
    """The name in every field that takes one, in every service; the subjects, by what they are."""
    mission = {
        "title": f"Incontro con {NAME}",
        "purpose": "meeting",
        "holder": PERSON,
        "delegation": [{"name": "Luca Bianchi", "function": "Segretario"}, PERSON],
        "legs": [LEG],
        "note": SAID,
        "schedule": True,
    }
    subjects = {"mission": await whole.post("agenda", "/v1/missions", mission)}
    corrected = {"title": f"Visita di {NAME} a Lione", "note": f"{SAID}, poi {NAME}"}
    await whole.post("agenda", f"/v1/missions/{subjects['mission']}/correct", corrected)
    subjects["reserved"] = await whole.post("agenda", "/v1/missions", {**mission, "reserved": True})
    cells = {
        "uid": "m1@ponte", "status": "CONFIRMED", "summary": f"Convegno, {NAME}",
        "starts_at": "2027-04-04T09:30",
        "ends_at": "2027-04-05T18:00", "time_zone": "Europe/Rome", "location": "Lyon, FR",
        "organizer": f"Assessore | {NAME}", "attendees": f"Segretario; Assessore | {NAME}",
        "categories": "conference", "description": SAID,
    }  # fmt: skip
    async with whole["agenda"].client("director") as caller:
        made = await caller.put("/v1/imports/missions/m1@ponte", json={"cells": cells})
        assert made.is_success, made.text
    lent = {"substitute": "kc-2", "roles": ["director"], "starts_on": "2027-01-01", "ends_on": "2027-01-02"}
    await whole.post("agenda", "/v1/substitutions", {**lent, "reason": SAID})
    agreement = {
        "kind": "collaboration",
        "title": f"Accordo {NAME}",
        "counterpart": {"name": f"Fondazione {NAME}", "name_it": f"Fondazione {NAME}"},
        "note": SAID,
    }
    subjects["agreement"] = await whole.post("agreements", "/v1/agreements", agreement)
    signing = {**mission, "purpose": "sign-agreement", "agreement_id": subjects["agreement"]}
    subjects["signing"] = await whole.post("agenda", "/v1/missions", signing)
    await eventually(lambda: _signing_is(whole, subjects["agreement"], there=True), within=15)
    await whole.post("agenda", f"/v1/missions/{subjects['signing']}/cancel", {"reason": SAID})
    await eventually(lambda: _signing_is(whole, subjects["agreement"], there=False), within=15)
    membership = {
        "network": "EUROCITIES", "network_it": "EUROCITIES", "unit": "european", "role": "member",
        "note": SAID, "note_it": SAID, "source": SOURCE, "as_of": "2023-11-27",
    }  # fmt: skip
    subjects["membership"] = await whole.post("networks", "/v1/memberships", membership)
    mandate = {
        "office": "Chair", "office_it": "Presidente", "body": "Mobility", "body_it": "Mobilità",
        "holder": PERSON, "since": "2022", "note": SAID, "note_it": SAID, "source": SOURCE, "as_of": "2023",
    }  # fmt: skip
    await whole.post("networks", f"/v1/memberships/{subjects['membership']}/mandates", mandate)
    candidacy = {
        "kind": "prize", "what_for": "European Capital of Innovation", "what_for_it": "Capitale europea",
        "applicant": f"Comitato {NAME}", "applicant_it": f"Comitato {NAME}", "issuer": "Commissione",
        "note": SAID, "source": SOURCE, "as_of": "2026",
    }  # fmt: skip
    subjects["candidacy"] = await whole.post("dossiers", "/v1/candidacies", candidacy)
    withdrawn = {"reason": SAID, "source": SOURCE, "as_of": "2026"}
    await whole.post("dossiers", f"/v1/candidacies/{subjects['candidacy']}/withdraw", withdrawn)
    await _plant_messages(whole, subjects)
    await _plant_session(whole["dashboard"].database)
    return subjects


async def _signing_is(whole: Whole, agreement: str, *, there: bool) -> None:
    async with whole["agreements"].client("director") as caller:
        shown = (await caller.get(f"/v1/agreements/{agreement}")).json()["data"]
    assert (shown["signing"] is not None) == there


POISON: Final = (
    json.dumps({"mission": {"holder": PERSON, "title": SAID}}).encode(),
    f"{{not json, {NAME}".encode(),
    f"<mission>{NAME}</mission>".encode("utf-16-le"),
    json.dumps(json.dumps({"holder": NAME})).encode(),
)


async def _plant_messages(whole: Whole, subjects: Mapping[str, str]) -> None:
    """Dead letters of two readers, and a sound event that waits."""
    headers = [("ce_type", b"ponte.agenda.mission.scheduled.v1"), ("x-note", NAME.encode())]
    async with AIOKafkaProducer(bootstrap_servers=whole.kafka) as producer:
        for raw in POISON:
            await producer.send_and_wait(whole.topic("ponte.agenda"), raw, NAME.encode(), headers=headers)
    for reader in ("dashboard", "agreements"):
        letters = whole[reader].database["dead_letters"]
        await eventually(partial(_count, letters, len(POISON)), within=15)
    agenda, agreements = whole["agenda"].database, whole["agreements"].database
    row = await agenda["journal"].find_one({"subject": subjects["mission"]})
    assert row is not None
    key, value, told = to_message(row, "/ponte/agenda")
    record = StoredRecord(whole.topic("ponte.agenda"), 0, 10_000, key, value, told)
    await DeadLetters(agreements).park(record, (row["subject"], row["epoch"], row["sequence"]))
    refused = {"it": f"Non esiste nulla con holder '{NAME}'.", "en": f"There is nothing with {NAME}."}
    told_of = {"_id": "x/1/1", "type": "t", "subject": "x", "code": "not-found", "at": datetime.now(UTC)}
    await agreements["refused_reactions"].insert_one({**told_of, "texts": refused})


async def _count(letters: Any, least: int) -> None:
    assert await letters.count_documents({}) >= least


async def _plant_session(database: Database) -> None:
    who = Identity("person-zm", "ponte-dashboard", frozenset({Role.DIRECTOR}), NAME)
    await Sessions(database).open(who, datetime.now(UTC))


# Looking for it


def holds(raw: bytes) -> bool:
    """Whether the marker stands in ``raw`` in any way in which somebody may have written it down."""
    texts = [raw, raw.replace(b"\x00", b"")]
    return any(MARK.encode() in text.lower() or b"person-zm" in text for text in texts)


async def in_databases(whole: Whole) -> list[str]:
    """Every document of every collection of every service's database that holds it."""
    found = []
    for name, served in whole.services.items():
        for collection in await served.database.list_collection_names():
            async for document in served.database[collection].find({}):
                # The request itself names the opaque id that was asked for.
                shown = {k: v for k, v in document.items() if k != "person_ids"}
                if holds(bytes(BSON.encode(shown))):
                    found.append(f"{name}.{collection} {document['_id']}")
    return found


async def in_answers(whole: Whole, subjects: Mapping[str, str]) -> list[str]:
    """Every GET of every service, as the Director, with every id that there is; pages among them."""
    found = []
    for name, served in whole.services.items():
        client = served.client("director")
        client._transport = httpx.ASGITransport(impatient(served.app))
        async with client:
            for path in sorted(_addresses(served, subjects)):
                for accept in ("application/json", "text/html"):
                    answer = await client.get(path, headers={"accept": accept})
                    assert answer.status_code < 500, f"{name}{path}: {answer.text}"
                    if holds(answer.content):
                        found.append(f"{name} {path}")
    return found


def _addresses(served: Served, subjects: Mapping[str, str]) -> Iterator[str]:
    for route in guarded_routes(served.app):
        if "GET" in route.methods and route.mounted is None:
            if "{" not in route.path:
                yield route.path
            for subject in subjects.values():
                if "{" in route.path:
                    yield re.sub(r"\{[^}]*\}", subject, route.path)


def in_metrics() -> list[str]:
    return ["metrics"] if holds(generate_latest()) else []


async def ends(whole: Whole) -> dict[TopicPartition, int]:
    """Where every topic of this city ends now."""
    admin = AIOKafkaAdminClient(bootstrap_servers=whole.kafka)
    await admin.start()
    try:
        topics = [name for name in await admin.list_topics() if name.startswith(whole.around.prefix)]
        described = await admin.describe_topics(topics)
    finally:
        await admin.close()
    parts = [TopicPartition(each["topic"], p["partition"]) for each in described for p in each["partitions"]]
    consumer = AIOKafkaConsumer(bootstrap_servers=whole.kafka)
    await consumer.start()
    try:
        consumer.assign(parts)
        found: dict[TopicPartition, int] = await consumer.end_offsets(parts)
    finally:
        await consumer.stop()
    assert sum(found.values()) > 0
    return found


async def in_topics(whole: Whole, expired: Mapping[TopicPartition, int]) -> list[str]:
    """Delete what has ``expired``, as the broker does after 30 days, and read all the rest."""
    admin = AIOKafkaAdminClient(bootstrap_servers=whole.kafka)
    await admin.start()
    try:
        await admin.delete_records({part: RecordsToDelete(before_offset=at) for part, at in expired.items()})
    finally:
        await admin.close()
    found = []
    consumer = AIOKafkaConsumer(bootstrap_servers=whole.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        end = {part: at for part, at in (await ends(whole)).items() if at}
        consumer.assign(list(end))
        await consumer.seek_to_beginning()
        while any([await consumer.position(part) < at for part, at in end.items()]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    raw = b"".join(filter(None, (record.key, record.value, *(h for _, h in record.headers))))
                    if holds(raw):
                        found.append(f"{record.topic}/{record.partition}/{record.offset}")
    finally:
        await consumer.stop()
    return found
