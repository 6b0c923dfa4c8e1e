"""Old versions of events are read in today's form, through a chain that begins at each old version."""

import json
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from shared.contracts.base import EventData
from shared.contracts.published import committed, example_path
from shared.contracts.registry import BY_TYPE, UnknownType, read
from shared.contracts.upcasts import UPCASTS, Body, Unreadable, Upcast, problems


class Opened(EventData):
    """The third version of an invented event: the first had ``city``, the second ``place`` with its name."""

    TYPE: ClassVar[str] = "ponte.agenda.office.opened.v3"
    place: dict[str, str]
    floor: int | None


def place_of_its_own(body: Body) -> Body:
    return {"place": {"name": body["city"]}}


def floor_unknown(body: Body) -> Body:
    return {**body, "floor": None}


V1, V2, V3 = (f"ponte.agenda.office.opened.v{number}" for number in (1, 2, 3))
CHAIN = {V1: Upcast(V2, place_of_its_own), V2: Upcast(V3, floor_unknown)}
MODELS: dict[str, type[EventData]] = {V3: Opened}


@pytest.mark.parametrize(
    ("event_type", "body"),
    [
        (V1, {"city": "Milano"}),
        (V2, {"place": {"name": "Milano"}}),
        (V3, {"place": {"name": "Milano"}, "floor": None}),
    ],
)
def test_every_version_reads_as_todays(event_type: str, body: dict[str, Any]) -> None:
    event = read(event_type, json.dumps(body).encode(), models=MODELS, upcasts=CHAIN)
    assert event == Opened(place={"name": "Milano"}, floor=None)


def test_an_unknown_type_is_told() -> None:
    with pytest.raises(UnknownType, match="v4"):
        read("ponte.agenda.office.opened.v4", b"{}", models=MODELS, upcasts=CHAIN)


@pytest.mark.parametrize(
    ("value", "error"), [(b"{}", Unreadable), (b"[]", ValidationError), (b"{", ValidationError)]
)
def test_an_old_body_that_is_not_of_its_version_is_refused(value: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(V1, value, models=MODELS, upcasts=CHAIN)


@pytest.mark.parametrize(
    ("upcasts", "examples", "told"),
    [
        (CHAIN, {V1, V2}, []),
        (CHAIN, {V2}, [f"{V1} has no committed example of the old version."]),
        ({V1: CHAIN[V1]}, {V1}, [f"{V1} ends at {V2}, which is no version of today."]),
        ({V3: Upcast(V3, floor_unknown)}, {V3}, [f"{V3} is a version of today and has an upcast."]),
        (
            {V1: Upcast(V2, floor_unknown), V2: Upcast(V1, floor_unknown)},
            {V1, V2},
            [
                f"{V1} ends at {V1}, which is no version of today.",
                f"{V2} ends at {V2}, which is no version of today.",
            ],
        ),
    ],
)
def test_what_is_wrong_with_a_chain_is_told(
    upcasts: dict[str, Upcast], examples: set[str], told: list[str]
) -> None:
    assert problems(upcasts, set(MODELS), examples.__contains__) == told


def test_every_upcast_of_ours_has_its_old_example() -> None:
    assert problems(UPCASTS, set(BY_TYPE), lambda old: example_path(old).exists()) == []


@pytest.mark.parametrize("old", sorted(UPCASTS) or [None])
def test_every_old_example_reads_as_todays(old: str | None) -> None:
    if old is None:
        assert UPCASTS == {}
        return
    example = committed(example_path(old))
    event = read(old, json.dumps(example).encode())
    assert event.TYPE in BY_TYPE
