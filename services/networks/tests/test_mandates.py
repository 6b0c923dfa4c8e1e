from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.networks.domain import (
    MandateAlreadyEnded,
    MembershipState,
    OfficeTaken,
    check_offices,
    end_mandate,
    record_mandate,
)
from services.networks.tests.examples import TODAY, mandate, registered
from shared.contracts.networks import Mandate, MembershipEvent
from shared.contracts.partial_dates import parse_partial_date
from shared.domain import DomainError, ImpossibleValue

ADA, BO = "Ada Bianchi", "Bo Neri"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"since": "2016"}, {"since": "2022"}),  # without an end: running
        ({"since": "2016", "until": "2022-06"}, {"since": "2022-03"}),
        ({"since": "2022"}, {"since": "2016", "until": "2023"}),
        ({"since": "2016", "until": "2020"}, {"since": "2017", "until": "2018"}),
        ({}, {}),  # both said to hold it on the same day
        ({"since": "2016"}, {}),
    ],
)
def test_two_people_cannot_hold_one_office(first: dict[str, Any], second: dict[str, Any]) -> None:
    one, other = mandate("m1", ADA, **first), mandate("m2", BO, **second)
    for order in ((one, other), (other, one)):
        with pytest.raises(OfficeTaken):
            check_offices(order)
    check_offices([one.model_copy(update={"several": True}), other.model_copy(update={"several": True})])


def test_both_mandates_must_say_that_several_may_hold_the_office() -> None:
    with pytest.raises(OfficeTaken):
        check_offices([mandate("m1", ADA, since="2016", several=True), mandate("m2", BO, since="2017")])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"since": "2016", "until": "2022"}, {"since": "2022"}),  # handed over within the year
        ({"since": "2016", "until": "2022-06-01"}, {"since": "2022-06-01"}),
        ({"since": "2016", "until": "2018"}, {"since": "2022"}),
        ({"until": "2018"}, {"since": "2016", "until": "2017"}),  # since when is not known
        ({"since": "2016"}, {"since": "2016", "body": "Executive committee"}),
        ({"since": "2016"}, {"since": "2016", "office": "Vice-chair"}),
    ],
)
def test_what_does_not_clash_for_certain_is_kept(first: dict[str, Any], second: dict[str, Any]) -> None:
    check_offices([mandate("m1", ADA, **first), mandate("m2", BO, **second)])
    check_offices([mandate("m2", BO, **second), mandate("m1", ADA, **first)])


def test_a_reelection_may_be_known_when_the_first_end_is_not() -> None:
    # C40: Milan's mayor was elected vice-chair in 2016 and again in 2022; the continuity is not proven.
    check_offices([mandate("m1", ADA, since="2016"), mandate("m2", ADA, since="2022")])
    with pytest.raises(OfficeTaken):
        check_offices([mandate("m1", ADA, since="2016", until="2023"), mandate("m2", ADA, since="2022-06")])
    with pytest.raises(OfficeTaken):
        check_offices([mandate("m1", ADA, since="2016"), mandate("m2", ADA, since="2016")])


def test_offices_are_the_same_whatever_their_case() -> None:
    with pytest.raises(OfficeTaken):
        check_offices([mandate("m1", ADA, since="2016", office="chair"), mandate("m2", BO, since="2017")])


dates = st.none() | st.one_of(
    st.integers(2000, 2010).map(str),
    st.builds("{}-{:02}".format, st.integers(2000, 2010), st.integers(1, 12)),
    st.builds("{}-{:02}-{:02}".format, st.integers(2000, 2010), st.integers(1, 12), st.integers(1, 28)),
)
steps = st.one_of(
    st.tuples(st.just("record"), st.integers(1, 6), st.sampled_from([ADA, BO]), dates, dates, st.booleans()),
    st.tuples(st.just("end"), st.integers(1, 6), dates.filter(bool)),
)


@given(st.lists(steps, max_size=12))
def test_whatever_is_tried_the_offices_stay_in_order_and_events_tell_the_state(script: list[Any]) -> None:
    state = registered()
    for step in script:
        try:
            change = _carry_out(state, step)
        except (DomainError, ImpossibleValue, MandateAlreadyEnded):
            continue
        for event in change.events:
            assert isinstance(event, MembershipEvent)
        if change.events:
            assert change.events[-1].membership == change.state.membership
        else:
            assert change.state == state
        state = change.state
    seats = [one for one in state.membership.mandates if not one.several]
    for number, one in enumerate(seats):
        for other in seats[:number]:
            assert not _both_surely_sat(one, other)


def _carry_out(state: MembershipState, step: Any) -> Any:
    if step[0] == "end":
        return end_mandate(state, f"m{step[1]}", until=step[2], today=TODAY)
    _, number, holder, since, until, several = step
    new = mandate(f"m{number}", holder, since=since, until=until, several=several)
    return record_mandate(state, new, today=TODAY)


def _both_surely_sat(one: Mandate, other: Mandate) -> bool:
    """By another road than the code's: is there a day on which both sat, however their dates are read?"""
    if None in (one.since, one.until, other.since, other.until):
        return False
    starts = max(parse_partial_date(m.since)[1] for m in (one, other) if m.since)
    ends = min(parse_partial_date(m.until)[0] for m in (one, other) if m.until)
    return starts < ends
