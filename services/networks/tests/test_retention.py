"""How long holders of mandates are kept: from the last day on which the mandate may have ended."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.networks.domain.retention import counts_from, kept_too_long, over
from services.networks.domain.state import MembershipState
from services.networks.tests.examples import mandate, membership
from shared.contracts.base import Person
from shared.domain.retention import add_months

partial = st.one_of(
    st.integers(1950, 2026).map(str),
    st.dates(date(1950, 1, 1), date(2026, 12, 31)).map(lambda day: f"{day:%Y-%m}"),
    st.dates(date(1950, 1, 1), date(2026, 12, 31)).map(date.isoformat),
)


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2019", date(2019, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2019-04-30", date(2019, 4, 30)),
        (None, None),
    ],
)
def test_an_imprecise_end_counts_from_its_last_day(until: str | None, day: date | None) -> None:
    assert counts_from(mandate(until=until)) == day


@given(partial, st.integers(1, 600))
def test_holders_are_kept_up_to_the_last_day_and_not_on_the_next(until: str, months: int) -> None:
    ended = mandate(until=until)
    state = MembershipState(membership=membership(mandates=(ended,)))
    from_day = counts_from(ended)
    assert from_day is not None
    last_day = add_months(from_day, months)
    assert over(state, months=months, today=last_day) == ()
    assert kept_too_long(state, (), months=months, today=last_day) == ()
    next_day = last_day + timedelta(days=1)
    assert over(state, months=months, today=next_day) == ("mandate-1",)
    assert kept_too_long(state, (), months=months, today=next_day) == (ended.holder,)


TODAY = date(2026, 11, 29)
BO_LONG_OVER = mandate("m-3", "Bo Neri", since="2000", until="2006")


def test_who_still_sits_in_the_network_stays_in_the_earlier_mandates_too() -> None:
    mandates = (
        mandate("m-1", "Ada Bianchi", since="2006", until="2011"),
        mandate("m-2", "ADA BIANCHI", since="2021"),
        BO_LONG_OVER,
        mandate("m-4", since="1990", until="2000").model_copy(update={"holder": Person(function="Mayor")}),
    )
    state = MembershipState(membership=membership(mandates=mandates))
    assert over(state, months=120, today=TODAY) == ("m-1", "m-3", "m-4")
    assert kept_too_long(state, (), months=120, today=TODAY) == (BO_LONG_OVER.holder,)


def test_two_people_of_one_name_are_told_apart_by_their_ids() -> None:
    one = Person(name="Ada Bianchi", person_id="p-1", function="Chair")
    gone = mandate("m-1", until="2006").model_copy(update={"holder": one})
    stays = mandate("m-2").model_copy(update={"holder": one.model_copy(update={"person_id": "p-2"})})
    state = MembershipState(membership=membership(mandates=(gone, stays)))
    assert kept_too_long(state, (), months=120, today=TODAY) == (one,)


def test_how_a_holder_was_written_earlier_goes_too() -> None:
    wrong = membership(mandates=(mandate("m-3", "Bo Nero", since="2000", until="2006"),))
    state = MembershipState(membership=membership(mandates=(BO_LONG_OVER,)))
    told = kept_too_long(state, [wrong, wrong], months=120, today=TODAY)
    assert [person.name for person in told] == ["Bo Neri", "Bo Nero"]
