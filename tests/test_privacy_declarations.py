"""Nothing of a person is kept that is not declared: no field, no collection, in no service."""

from __future__ import annotations

import importlib
from typing import Annotated

import httpx
import pytest
from pydantic import BaseModel

from shared.contracts.base import FreeText, Id, MayName, Person
from shared.contracts.registry import BY_TYPE
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.privacy.activities import ALL, MISSIONS
from shared.privacy.declared import DATA, Datum, Declarations
from shared.privacy.exporting import base_name, collections
from shared.privacy.fields import IMPERSONAL, held_in, undeclared
from shared.privacy.stored import NOTHING
from shared.privacy.walk import text_fields
from shared.store.events import store_event
from shared.testing.builders import a_command, a_mission
from shared.testing.serving import serving, surroundings
from tests.system import SERVICES

OF_THE_RECORD = {
    "_id", "subject", "epoch", "sequence", "version", "type", "time", "command", "correlation_id",
    "causation_id", "traceparent", "previous", "previous_epoch", "hash", "people",
}  # fmt: skip
"""Fields of a stored event that tell where it belongs, and the values that were set apart from others."""


def declarations(service: str) -> Declarations:
    declared: Declarations = importlib.import_module(f"services.{service}.privacy").DECLARATIONS
    return declared


@pytest.mark.parametrize("service", SERVICES)
def test_no_text_of_a_state_or_an_event_is_undeclared(service: str) -> None:
    for records in declarations(service).records:
        assert undeclared([records.state, *records.events]) == []


def test_every_published_event_belongs_to_an_activity() -> None:
    told = {event for name in SERVICES for records in declarations(name).records for event in records.events}
    assert told == set(BY_TYPE.values())


def test_a_new_field_for_free_text_is_found_wherever_it_is() -> None:
    class Inner(BaseModel):
        remark: str | None = None
        place_id: Id

    class Outer(BaseModel):
        inner: tuple[Inner, ...] = ()
        by_name: dict[str, Inner] = {}
        said: Annotated[list[str], MayName()] = []
        title: FreeText
        who: Person

    assert undeclared([Outer]) == [
        "Outer: by_name.* (Outer.by_name)",
        "Outer: by_name.*.remark (Inner.remark)",
        "Outer: inner.*.remark (Inner.remark)",
    ]
    assert [(held.path, held.datum) for held in held_in(Outer, MISSIONS, "state.")] == [
        ("state.said.*", Datum.TEXT),
        ("state.title", Datum.TEXT),
        ("state.who.person_id", Datum.PERSON_ID),
        ("state.who.name", Datum.NAME),
        ("state.who.function", Datum.TEXT),
    ]


def test_what_is_said_to_name_nobody_exists_and_is_marked_nowhere() -> None:
    models = [*BY_TYPE.values(), *(one.state for name in SERVICES for one in declarations(name).records)]
    fields = {text.owner: text for model in models for text in text_fields(model)}
    assert IMPERSONAL.keys() <= fields.keys()
    assert not [name for name in IMPERSONAL if any(isinstance(mark, MayName) for mark in fields[name].marks)]


def test_every_field_of_a_stored_event_is_declared_or_of_the_record() -> None:
    event = store_event(
        BY_TYPE["ponte.agenda.mission.scheduled.v1"].model_validate({"mission": a_mission()}),
        a_command(),
        subject="mission-1",
        epoch=1,
        sequence=1,
        version=1,
        previous="0" * 64,
        previous_epoch=0,
    )
    declared = {held.path.split(".")[0] for held in declarations("agenda").stored["journal"]}
    assert event.keys() - declared == OF_THE_RECORD
    audit = {
        held.path.split(".")[1] for held in declarations("agenda").stored["journal"] if "audit." in held.path
    }
    assert event["audit"].keys() == audit


def test_each_activity_says_all_that_the_register_needs() -> None:
    assert len({activity.key for activity in ALL}) == len(ALL)
    assert DATA.keys() == set(Datum)
    for activity in ALL:
        assert activity.bases
        assert all(basis.source for basis in activity.bases)
        assert (activity.kept.months is None) == (activity.kept.setting is None)
        assert (activity.kept.months is None) == (activity.kept.why is not None)
        for words in (activity.name, activity.purpose, activity.people, activity.recipients):
            assert words.en.strip()
            assert words.it.strip()
    used = {
        held.activity for name in SERVICES for kept in declarations(name).stored.values() for held in kept
    }
    assert used == set(ALL)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_collection_of_a_running_service_is_declared(
    service: str, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings").Settings
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp(service)) as around,
        serving(around, module.build_app, settings) as served,
        httpx.AsyncClient(transport=httpx.ASGITransport(served.app), base_url="http://test") as stranger,
    ):
        await stranger.get("/v1/anything")
        there = {base_name(name) for name in await collections(served.database)}
    assert there - declarations(service).stored.keys() - NOTHING.keys() == set()
