"""What an erasure takes out of a value, and what it leaves."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.contracts.base import FreeText, Id, Person
from shared.contracts.examples import EXAMPLES
from shared.contracts.registry import BY_TYPE
from shared.privacy.needle import Needle
from shared.privacy.redacting import Sought, leaves, named_in_event, narrowed, published, redacted, without
from shared.store.events import GENESIS, public_body, store_event
from shared.testing.builders import a_command

NAME = "Zoraide Malagrida"
SOUGHT = Sought(Needle.of([NAME]), frozenset({"person-zm"}))


class Kind(StrEnum):
    VISIT = "visit"
    SALA = "sala"


class State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    state_id: Id = "state-1"
    kind: Kind = Kind.VISIT
    title: FreeText = "Visit"
    holder: Person | None = None
    others: tuple[Person, ...] = ()
    code: Annotated[str, StringConstraints(pattern="^[a-z]+$")] = "x"
    imported: dict[str, str] | None = None
    count: int = 3


def test_a_person_loses_name_and_id_and_keeps_the_function() -> None:
    people = (
        Person(name=NAME, person_id="other-id", function="Mayor"),
        Person(name="Z. M.", person_id="person-zm", function="Councillor"),
        Person(name="Luca Bianchi", person_id="person-lb", function=f"Secretary of {NAME}"),
    )
    after, left = redacted(State(others=people), SOUGHT)
    assert after.others == (
        Person(function="Mayor"),
        Person(function="Councillor"),
        Person(name="Luca Bianchi", person_id="person-lb", function="Secretary of […]"),
    )
    assert left == ()


def test_a_state_that_does_not_name_them_is_the_same_object() -> None:
    state = State(title="Visit to Lyon", others=(Person(name="Ada", function="Mayor"),))
    assert redacted(state, SOUGHT) == (state, ())
    assert redacted(state, SOUGHT)[0] is state


def test_imported_cells_and_texts_lose_the_name_wherever_it_stands() -> None:
    state = State(
        title=f"Con {NAME.upper()}", imported={"who": f"Mayor | {NAME}", "ids": "person-zm; person-zm2"}
    )
    after, _ = redacted(state, SOUGHT)
    assert after.title == "Con […]"
    assert after.imported == {"who": "Mayor | […]", "ids": "[…]; person-zm2"}


def test_what_follows_a_pattern_stays_and_is_told() -> None:
    sala = Sought(Needle.of(["Sala"]))
    after, left = redacted(State(kind=Kind.SALA, code="sala", title="In sala"), sala)
    assert (after.kind, after.code, after.title) == (Kind.SALA, "sala", "In […]")
    assert set(left) == {"kind", "code"}


def test_everybody_of_a_record_goes() -> None:
    state = State(holder=Person(name="Ada", function="Mayor"), others=(Person(function="Secretary"),))
    after, _ = redacted(state, Sought(everybody=True))
    assert after.holder == Person(function="Mayor")
    assert after.others == state.others


@settings(deadline=None, max_examples=60)
@given(st.recursive(st.text() | st.integers() | st.just(f"x {NAME}"), st.lists), st.text())
def test_nothing_is_left_in_a_value_of_unknown_shape(value: Any, text: str) -> None:
    node = {"a": value, "b": [f"{text} {NAME} {text}", {"name": NAME, "function": "x", "person_id": None}]}
    assert without(node, SOUGHT)
    assert not [leaf for _, leaf in leaves(node) if isinstance(leaf, str) and SOUGHT.is_in(leaf)]
    assert node["b"][1] == {"name": None, "function": "x", "person_id": None}
    assert not without(node, SOUGHT)


@pytest.mark.parametrize("event", EXAMPLES.values(), ids=lambda event: event.TYPE)
def test_what_an_event_loses_in_the_journal_it_loses_at_its_readers(event: Any) -> None:
    """Everything that names them, in any event: narrowed by its paths alone, it reads the same everywhere."""
    texts = [
        value for _, value in leaves(event.model_dump(mode="json")) if isinstance(value, str) and " " in value
    ]
    whom = Sought(Needle.of([text for text in texts if any(map(str.isalpha, text))][:2] or ["Nobody"]))
    stored = store_event(
        event,
        a_command(),
        subject="s-1",
        epoch=1,
        sequence=1,
        version=1,
        previous=GENESIS,
        previous_epoch=0,
    )
    paths = named_in_event(stored, whom)
    body = public_body(stored)
    narrowed(BY_TYPE[event.TYPE], body, published(paths))
    stored["people"] = [entry for entry in stored["people"] if entry["path"] not in paths]
    assert body == public_body(stored)
    BY_TYPE[event.TYPE].model_validate(body)
