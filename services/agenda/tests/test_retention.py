"""How long a mission's people are kept: by the city's day, from its end, once it is closed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agenda.domain import MissionState
from services.agenda.domain.retention import counts_from, kept_too_long, names_somebody
from services.agenda.tests.builders import MAYOR, PARIS, plan
from shared.contracts.agenda import Leg, MissionStatus
from shared.contracts.base import Person
from shared.domain.retention import add_months
from shared.places.today import CityDay

MILAN = CityDay("Milano")
OPEN = (MissionStatus.PROPOSED, MissionStatus.SCHEDULED)
CLOSED = (MissionStatus.COMPLETED, MissionStatus.CANCELLED)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2140, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def mission(
    ends_at: datetime, status: MissionStatus = MissionStatus.COMPLETED, **fields: object
) -> MissionState:
    legs = (Leg(place=PARIS, starts_at=ends_at - timedelta(hours=8), ends_at=ends_at),)
    return MissionState(mission_id="mission-1", status=status, **dict(plan(legs=legs, **fields)))


@given(moments, st.integers(1, 600), st.sampled_from(CLOSED))
def test_people_are_kept_up_to_the_last_day_and_not_on_the_next(
    ends_at: datetime, months: int, status: MissionStatus
) -> None:
    state = mission(ends_at, status)
    last_day = add_months(MILAN.of(ends_at), months)
    assert not kept_too_long(state, months=months, today=last_day, day_of=MILAN.of)
    next_day = last_day + timedelta(days=1)
    assert kept_too_long(state, months=months, today=next_day, day_of=MILAN.of)


@given(moments, st.sampled_from(OPEN))
def test_a_mission_that_nobody_has_closed_keeps_its_people(ends_at: datetime, status: MissionStatus) -> None:
    assert counts_from(mission(ends_at, status), MILAN.of) is None
    assert not kept_too_long(mission(ends_at, status), months=1, today=date.max, day_of=MILAN.of)


@pytest.mark.parametrize(
    ("ends_at", "day"),
    [
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), date(2027, 1, 1)),  # past midnight in Milan
        (datetime(2026, 6, 30, 21, 59, tzinfo=UTC), date(2026, 6, 30)),  # summer time
        (datetime(2026, 6, 30, 22, 0, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), date(2026, 10, 25)),  # the hour that comes twice
    ],
)
def test_the_day_is_the_citys(ends_at: datetime, day: date) -> None:
    assert counts_from(mission(ends_at), MILAN.of) == day


@pytest.mark.parametrize(
    ("holder", "delegation", "named"),
    [
        (Person(function="Mayor"), (), False),
        (Person(function="Mayor"), (Person(function="Officer"),), False),
        (Person(function="Mayor"), (Person(function="Officer"), MAYOR), True),
        (Person(function="Mayor", person_id="p-2"), (), True),
    ],
)
def test_who_can_still_be_told(holder: Person, delegation: tuple[Person, ...], named: bool) -> None:
    state = mission(datetime(2010, 5, 1, tzinfo=UTC), holder=holder, delegation=delegation)
    assert names_somebody(state) == named


def test_for_ever_is_for_ever() -> None:
    state = mission(datetime(1990, 5, 1, tzinfo=UTC))
    assert not kept_too_long(state, months=0, today=date.max, day_of=MILAN.of)
