from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.agenda import Leg
from shared.contracts.base import Place
from shared.domain import ImpossibleValue
from shared.domain.written_times import moment_of

ROME = "Europe/Rome"


def test_a_local_time_is_read_in_the_zone_of_its_place() -> None:
    assert moment_of("2027-07-01T09:00", "Europe/Paris", field="t") == datetime(2027, 7, 1, 7, tzinfo=UTC)
    assert moment_of("2027-01-01T09:00", "Asia/Tokyo", field="t") == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_time_with_an_offset_is_that_moment_in_any_zone() -> None:
    assert moment_of("2027-07-01T09:00-03:00", ROME, field="t").hour == 12
    assert moment_of("2027-07-01T09:00Z", ROME, field="t").hour == 9


@pytest.mark.parametrize("text", ["2026-03-29T02:30", "2026-10-25T02:30"])
def test_a_time_that_the_clocks_skip_or_repeat_is_refused(text: str) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        moment_of(text, ROME, field="legs.0.starts_at")
    assert (refused.value.field, refused.value.value) == ("legs.0.starts_at", text)


def test_the_offset_settles_which_of_the_two_is_meant() -> None:
    summer = moment_of("2026-10-25T02:30+02:00", ROME, field="t")
    winter = moment_of("2026-10-25T02:30+01:00", ROME, field="t")
    assert winter - summer == timedelta(hours=1)


@pytest.mark.parametrize(
    "text", ["tomorrow", "", "2027-02-30T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "2200-01-01T00:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ImpossibleValue):
        moment_of(text, "Pacific/Kiritimati", field="t")


def test_an_unknown_zone_is_named_by_its_own_field() -> None:
    with pytest.raises(ImpossibleValue) as refused:
        moment_of("2027-01-01T09:00", "Europe/Atlantis", field="on", zone_field="place.time_zone")
    assert refused.value.field == "place.time_zone"


@given(st.integers(0, 4 * 10**15))
def test_a_moment_survives_storing(microseconds: int) -> None:
    start = moment_of(datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat(), ROME, field="t")
    place = Place(city="Lyon", city_it="Lione", country="FR", time_zone="Europe/Paris")
    leg = Leg(place=place, starts_at=start, ends_at=start + timedelta(hours=1))
    assert Leg.model_validate(leg.model_dump(mode="json")) == leg
