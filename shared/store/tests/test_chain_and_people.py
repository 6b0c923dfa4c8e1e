"""The stored event: its chain, and personal values that can be taken out without breaking it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.agenda import MissionScheduled
from shared.contracts.base import ERASED_TEXT, EventData, MayName, Person
from shared.contracts.examples import EXAMPLES
from shared.store.events import GENESIS, derived_id, event_id, public_body, store_event, verify_chain
from shared.store.people import marked_fields, personal_paths, put_together, set_apart
from shared.testing.builders import a_command, a_mission

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
    lambda text: text.strip() != ""
)


def stored(names: list[str]) -> list[dict[str, object]]:
    previous, events = GENESIS, []
    for sequence, name in enumerate(names, start=1):
        mission = a_mission(delegation=(Person(name=name, function="Councillor"),))
        event = store_event(
            MissionScheduled(mission=mission),
            a_command(),
            subject="mission-1",
            epoch=1,
            sequence=sequence,
            version=sequence,
            previous=previous,
            previous_epoch=min(sequence - 1, 1),
        )
        previous = event["hash"]
        events.append(event)
    return events


def test_names_are_found_wherever_the_contract_has_them() -> None:
    assert personal_paths(MissionScheduled) == (
        ("mission", "holder", "person_id"),
        ("mission", "holder", "name"),
        ("mission", "delegation", "*", "person_id"),
        ("mission", "delegation", "*", "name"),
    )


def test_free_text_is_found_also_where_it_may_be_missing() -> None:
    text = {path for path, mark in marked_fields(MissionScheduled) if isinstance(mark, MayName)}
    assert text == {
        ("mission", "title"),
        ("mission", "holder", "function"),
        ("mission", "delegation", "*", "function"),
        ("mission", "reason"),
    }


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda event: event.TYPE)
def test_every_event_can_be_read_when_all_of_it_was_erased(event: EventData) -> None:
    body, people = set_apart(type(event), event.model_dump(mode="json"))
    marks = [mark for _, mark in marked_fields(type(event))]
    assert bool(people) == bool(marks)
    assert put_together(body, people) == event.model_dump(mode="json")
    read = type(event).model_validate(put_together(body, []))
    assert (ERASED_TEXT in repr(read)) == any(isinstance(mark, MayName) for mark in marks)


@given(st.lists(names, min_size=1, max_size=5))
def test_a_stored_body_comes_back_whole(delegates: list[str]) -> None:
    for event, name in zip(stored(delegates), delegates, strict=True):
        body = public_body(event)
        assert body["mission"]["delegation"][0]["name"] == Person(name=name, function="Councillor").name
        assert body["mission"]["holder"]["name"] == "Mario Bianchi"


@given(st.lists(names, min_size=1, max_size=5))
def test_no_name_is_in_the_hashed_part(delegates: list[str]) -> None:
    for event in stored(delegates):
        assert "Mario Bianchi" not in repr(event["data"])


def test_the_chain_holds_after_an_erasure() -> None:
    events = stored(["Ada", "Bruno", "Carla"])
    for event in events:
        event["people"] = []
    assert verify_chain(events) is None
    assert public_body(events[1])["mission"]["holder"]["name"] is None


def test_the_chain_tells_a_changed_event() -> None:
    events = stored(["Ada", "Bruno", "Carla"])
    events[1]["actor"] = "somebody-else"
    assert verify_chain(events) == "mission-1/1/2"


def test_the_chain_tells_a_missing_event() -> None:
    events = stored(["Ada", "Bruno", "Carla"])
    del events[1]
    assert verify_chain(events) == "mission-1/1/3"


def test_the_same_name_never_has_the_same_digest() -> None:
    first, second = stored(["Ada", "Ada"])
    assert first["data"] != second["data"]


def test_ids_are_derived_from_the_place() -> None:
    assert event_id("m", 1, 2) == event_id("m", 1, 2)
    assert len({event_id("m", 1, 2), event_id("m", 2, 1), event_id("n", 1, 2)}) == 3
    assert derived_id("mission", "a", "bc") != derived_id("mission", "ab", "c")
