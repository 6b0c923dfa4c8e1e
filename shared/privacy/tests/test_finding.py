"""Every place where somebody stands in a document is found, and nobody else with them."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from bson import Binary
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.agenda import MissionScheduled
from shared.contracts.base import Person as InPublic
from shared.domain.errors import ImpossibleValue
from shared.privacy.finding import Find, finds
from shared.privacy.seeking import Person
from shared.store.events import store_event
from shared.store.trail import Chain, Entry, Kind
from shared.testing.builders import a_command, a_mission

ADA = Person(["Ada Màrkova", "Markova, Ada"], ["person-7", "8c1f"])


def places(document: dict[str, Any], sought: Person = ADA) -> dict[str, tuple[str, str | None]]:
    return {find.path: (find.kind, find.value) for find in finds(document, sought)}


def stored_event(**fields: Any) -> dict[str, Any]:
    return store_event(
        MissionScheduled(mission=a_mission(**fields)),
        a_command(),
        subject="mission-1",
        epoch=1,
        sequence=3,
        version=2,
        previous="0" * 64,
        previous_epoch=1,
    )


def test_a_person_is_found_as_a_name_as_an_id_and_in_texts() -> None:
    state = {
        "holder": {"name": "ADA  MÀRKOVA", "function": "Mayor", "person_id": "person-7"},
        "delegation": [
            {"name": "Bo Neri", "function": "Officer"},
            {"name": "Ada Màrkova", "function": "Guest"},
        ],
        "note": "Lunch with Ada Màrkova and Bo Neri",
        "imported": {"people": "Neri; Markova, Ada"},
        "title": "Lyon",
    }
    assert places({"_id": "mission-1", "state": state, "outbox": []}) == {
        "state.holder.name": ("name", "ADA  MÀRKOVA"),
        "state.holder.person_id": ("id", "person-7"),
        "state.delegation.1.name": ("name", "Ada Màrkova"),
        "state.note": ("text", "Lunch with Ada Màrkova and Bo Neri"),
        "state.imported.people": ("text", "Neri; Markova, Ada"),
    }


def test_a_stored_event_is_read_with_its_values_in_their_places() -> None:
    event = stored_event(
        delegation=(
            InPublic(name="Bo Neri", function="Officer"),
            InPublic(name="Ada Màrkova", function="Guest"),
        )
    )
    [found] = finds(event, ADA)
    assert (found.path, found.value) == ("data.mission.delegation.1.name", "Ada Màrkova")
    assert found.beside["type"] == "ponte.agenda.mission.scheduled.v1"
    assert found.beside["sequence"] == 3
    # An event that still waits lies within its record.
    [waiting] = finds({"_id": "mission-1", "outbox": [event]}, ADA)
    assert waiting.path == "outbox.0.data.mission.delegation.1.name"


def test_what_a_change_was_before_and_after_is_looked_through() -> None:
    event = stored_event()
    before = orjson.dumps([{"name": "Ada Màrkova", "function": "Guest", "person_id": None}]).decode()
    event["audit"]["changes"] = [{"field": "delegation", "before": {"digest": "x"}, "after": {"digest": "y"}}]
    event["people"] += [
        {"path": "audit.changes.0.before", "value": before, "salt": "s"},
        {"path": "audit.changes.0.after", "value": "[]", "salt": "s"},
    ]
    assert places(event) == {"audit.changes.0.before.0.name": ("name", "Ada Màrkova")}


def test_who_worked_is_found_by_the_id_also_behind_a_program() -> None:
    event = stored_event() | {"actor": "8c1f", "client": "ponte-dashboard/8c1f"}
    assert places(event) == {"actor": ("id", "8c1f"), "client": ("id", "ponte-dashboard/8c1f")}
    entry = Chain().link(
        Entry(
            kind=Kind.READING, origin="192.0.2.7", action="agenda.read-reserved", route="/v1/missions/{id}",
            method="GET", reason="reserved", status=200, actor="8c1f", client="ponte-dashboard",
        )
    )  # fmt: skip
    [found] = finds(entry, ADA)
    assert (found.path, found.kind, found.beside["route"]) == ("actor", "id", "/v1/missions/{id}")


def test_a_message_is_looked_through_and_of_an_unreadable_one_the_place_is_told() -> None:
    body = orjson.dumps({"mission": {"holder": {"name": "Ada Màrkova", "function": "Mayor"}}})
    letter = {
        "_id": "ponte.agenda/3/17",
        "topic": "ponte.agenda",
        "value": Binary(body),
        "headers": [["ce_actor", Binary(b"8c1f")], ["ce_type", Binary(b"x")]],
    }
    assert places(letter) == {
        "value.mission.holder.name": ("name", "Ada Màrkova"),
        "headers.0.ce_actor": ("id", "8c1f"),
    }
    poison = letter | {"value": Binary(b'{"holder": "Ada M\\u00e0rkova", '), "headers": []}
    assert places(poison) == {"value": ("message", None)}
    assert places(letter | {"value": None, "headers": []}) == {}


def test_beside_a_place_stands_what_explains_it_and_nothing_of_others() -> None:
    document = {
        "_id": "mission-1",
        "state": {
            "status": "completed",
            "title": "With Bo Neri to Lyon",
            "note": "Bo Neri pays",
            "responsible": "9d20",
            "legs": [
                {
                    "place": {"city": "Lyon", "country": "FR", "time_zone": "Europe/Paris"},
                    "starts_at": datetime(2027, 3, 4, 9, tzinfo=UTC),
                    "ends_at": "2027-03-05T18:00:00.000Z",
                }
            ],
            "holder": {"name": "Bo Neri", "function": "Mayor", "person_id": "person-9"},
            "delegation": [{"name": "Ada Màrkova", "function": "Guest", "person_id": None}],
        },
    }
    [found] = finds(document, ADA)
    assert found.beside == {
        "status": "completed",
        "legs": [
            {
                "place": {"city": "Lyon", "country": "FR"},
                "starts_at": "2027-03-04T09:00:00+00:00",
                "ends_at": "2027-03-05T18:00:00.000Z",
            }
        ],
        "function": "Guest",
    }


def test_what_stands_in_place_of_a_name_is_no_name() -> None:
    assert places({"state": {"title": "[…]", "note": "Lunch with […]", "name": None}}) == {}


def test_what_was_erased_is_not_there() -> None:
    event = stored_event(delegation=(InPublic(name="Ada Màrkova", function="Guest"),))
    event["people"] = [entry for entry in event["people"] if entry["value"] != "Ada Màrkova"]
    assert list(finds(event, ADA)) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("Ada Màrkova"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_as_many_are_found_as_there_are(document: dict[str, Any]) -> None:
    def count(node: Any) -> int:
        if isinstance(node, dict):
            return sum(count(child) for child in node.values())
        if isinstance(node, list):
            return sum(count(child) for child in node)
        return int(node == "Ada Màrkova")

    found: list[Find] = [find for find in finds(document, ADA) if find.kind == "name"]
    assert len(found) == count(document)


@pytest.mark.parametrize(("names", "ids"), [([], []), (["--"], []), ([" "], ["person-1"])])
def test_a_search_for_nobody_is_refused(names: list[str], ids: list[str]) -> None:
    with pytest.raises(ImpossibleValue):
        Person(names, ids)


WAYS = [
    "Ada Màrkova",
    "ADA  MÀRKOVA",
    "ada-ma\u0300rkova",
    "A\u00addá Màrkova",
    "Ada Markova",
    "Màrkova, Ada",
    "Straße",
    "STRASSE",
]


SOUGHT = Person(["Ada Màrkova", "Straße", "Dž 7"])


@settings(deadline=None)  # scrypt takes its time
@given(st.lists(st.text(max_size=6) | st.sampled_from(WAYS), max_size=6).map("".join))
def test_the_quick_look_overlooks_nothing(text: str) -> None:
    assert SOUGHT.in_text(text) == SOUGHT._needle.in_text(text)


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=20))
def test_a_name_is_found_in_itself_however_it_is_written(name: str) -> None:
    try:
        whom = Person([name])
    except ImpossibleValue:
        return
    for text in (name, name.upper(), unicodedata.normalize("NFD", name), f"- {name} -"):
        assert whom.in_text(text) == whom._needle.in_text(text)
