"""Where an export goes on is told by the service alone; what a caller makes up is refused."""

import base64
import json

import pytest
from bson import ObjectId
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import ImpossibleValue
from shared.privacy.exporting import Place, base_name

ids = st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**62), 2**62) | st.none()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), ids | st.builds(ObjectId))
def test_a_place_comes_back_as_it_was(collection: str, after: object) -> None:
    place = Place(collection, after)
    assert Place.of(place.token()) == place


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_what_is_made_up_is_refused(token: str) -> None:
    with pytest.raises(ImpossibleValue):
        Place.of(token)


@pytest.mark.parametrize(
    "told",
    [
        [],
        {"a": 1},
        ["journal", "text"],
        ["journal", "text", {"$gt": ""}],
        ["journal", "text", ["a"]],
        ["journal", "oid", "zz"],
        ["journal", "int", 2**70],
        ["journal", "int", True],
        ["journal", "text", 1],
        [{"$ne": 1}, "text", "a"],
        ["journal", "text", "\ud800"],
        ["journal", "else", None],
    ],
)
def test_an_operator_or_an_impossible_id_is_refused(told: object) -> None:
    with pytest.raises(ImpossibleValue):
        Place.of(base64.urlsafe_b64encode(json.dumps(told).encode()).decode())


@pytest.mark.parametrize(
    ("name", "base"), [("feed.g12", "feed"), ("feed", "feed"), ("missions.g2", "missions")]
)
def test_a_later_generation_of_a_view_is_declared_as_its_first(name: str, base: str) -> None:
    assert base_name(name) == base
