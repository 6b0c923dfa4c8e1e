from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agenda.domain import BadLegs, check_legs
from services.agenda.tests.builders import LYON, leg
from shared.contracts.agenda import Leg
from shared.contracts.base import Place
from shared.domain import ImpossibleValue


def test_a_mission_has_a_leg() -> None:
    with pytest.raises(BadLegs) as refused:
        check_legs(())
    assert refused.value.field == "legs"


def test_legs_may_touch_but_not_overlap() -> None:
    first = leg(hours=24)
    check_legs((first, leg(1)))
    with pytest.raises(BadLegs) as refused:
        check_legs((first, leg(0.99)))
    assert refused.value.field == "legs.1.starts_at"


def test_legs_are_in_order() -> None:
    with pytest.raises(BadLegs):
        check_legs((leg(3), leg(0)))


@pytest.mark.parametrize("hours", [0, -1, 60 * 24 + 1])
def test_a_leg_ends_after_its_start_and_within_sixty_days(hours: float) -> None:
    with pytest.raises(BadLegs) as refused:
        check_legs((leg(hours=hours),))
    assert refused.value.field == "legs.0.ends_at"


@pytest.mark.parametrize("year", [1899, 2200])
def test_a_leg_lies_within_the_years_that_anybody_plans(year: int) -> None:
    start = datetime(year, 6, 1, tzinfo=UTC)
    with pytest.raises(BadLegs):
        check_legs((Leg(place=LYON, starts_at=start, ends_at=start + timedelta(hours=1)),))


def test_a_mission_lasts_no_longer_than_two_years() -> None:
    with pytest.raises(BadLegs) as refused:
        check_legs((leg(), leg(750)))
    assert refused.value.field == "legs"


def test_the_zone_of_a_place_is_one() -> None:
    nowhere = Place(city="Atlantis", city_it="Atlantide", country="GR", time_zone="Europe/Atlantis")
    with pytest.raises(ImpossibleValue) as refused:
        check_legs((leg(place=nowhere),))
    assert refused.value.field == "legs.0.place.time_zone"


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), min_size=1, max_size=8))
def test_stays_one_after_the_other_are_always_possible(stays: list[tuple[int, int]]) -> None:
    legs = []
    at = datetime(2027, 1, 1, tzinfo=UTC)
    for hours, pause in stays:
        legs.append(Leg(place=LYON, starts_at=at, ends_at=at + timedelta(hours=hours)))
        at += timedelta(hours=hours + pause)
    check_legs(legs)
    if len(legs) > 1:
        with pytest.raises(BadLegs):
            check_legs(legs[::-1])
