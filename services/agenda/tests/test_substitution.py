"""The rules of a substitution, without any I/O; days are the city's."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agenda.domain import (
    NotLendable,
    NotYours,
    OwnSubstitute,
    ReasonMissing,
    SubstitutionState,
    Terms,
    end,
    grant,
)
from services.agenda.domain.substitution import a_year_after
from shared.contracts.substitutions import SubstitutionEnded, SubstitutionGranted
from shared.domain import Change, ImpossibleValue
from shared.places.today import CityDay

TODAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
MILAN = CityDay("Milano")


def lent(
    *, today: date = TODAY, lendable: frozenset[str] = frozenset({"cabinet"}), **terms: Any
) -> Change[SubstitutionState]:
    usual: dict[str, Any] = {
        "principal": "delegate",
        "substitute": "secretary",
        "roles": ("cabinet",),
        "starts_on": TODAY,
        "ends_on": TODAY + timedelta(days=10),
        "reason": "Holidays",
    }
    return grant("substitution-1", Terms(**{**usual, **terms}), lendable=lendable, today=today)


def test_what_is_lent_is_published_without_its_reason() -> None:
    change = lent(roles=("cabinet", "cabinet"))
    (told,) = change.events
    assert isinstance(told, SubstitutionGranted)
    assert told.substitution.roles == ("cabinet",)
    assert change.state.reason == "Holidays"
    assert "Holidays" not in told.model_dump_json()


@pytest.mark.parametrize(
    ("terms", "refusal", "text"),
    [
        ({"substitute": "delegate"}, OwnSubstitute, "nobody stands in for themselves"),
        ({"roles": ()}, NotLendable, "at least one role"),
        ({"roles": ("director",)}, NotLendable, "only roles that who lends has (cabinet)"),
        ({"roles": ("cabinet", "mayor")}, NotLendable, "'mayor'"),
        ({"reason": "  "}, ReasonMissing, "say why"),
        ({"starts_on": TODAY - timedelta(days=1)}, ImpossibleValue, "nothing is lent for the past"),
        ({"ends_on": TODAY - timedelta(days=1)}, ImpossibleValue, "before the first day"),
        ({"ends_on": a_year_after(TODAY)}, ImpossibleValue, "a year at most"),
        ({"starts_on": date(2028, 1, 1), "ends_on": date(2028, 1, 2)}, ImpossibleValue, "more than a year"),
    ],
)
def test_what_cannot_be_lent_is_refused(terms: Any, refusal: type[Exception], text: str) -> None:
    with pytest.raises(refusal, match=text.replace("(", r"\(").replace(")", r"\)")):
        lent(**terms)


days = st.dates(date(2020, 1, 1), date(2060, 12, 31))


@given(today=days, ahead=st.integers(0, 400), length=st.integers(-3, 400))
def test_a_substitution_is_never_of_the_past_nor_longer_than_a_year(
    today: date, ahead: int, length: int
) -> None:
    first = today + timedelta(days=ahead)
    last = first + timedelta(days=length)
    possible = first <= a_year_after(today) and first <= last < a_year_after(first)
    if not possible:
        with pytest.raises(ImpossibleValue):
            lent(today=today, starts_on=first, ends_on=last)
        return
    granted = lent(today=today, starts_on=first, ends_on=last).state.public()
    assert [granted.holds_on(first + timedelta(days=n)) for n in (-1, 0, length, length + 1)] == [
        False,
        True,
        True,
        False,
    ]


@given(day=days, minutes=st.integers(0, 24 * 60 - 1))
def test_the_first_and_the_last_moment_are_the_citys_midnights(day: date, minutes: int) -> None:
    granted = lent(today=day, starts_on=day, ends_on=day).state.public()
    begins, over = MILAN.begins(day), MILAN.begins(day + timedelta(days=1))
    within = begins + (over - begins) * minutes / (24 * 60)
    assert granted.holds_on(MILAN.of(within))
    assert not granted.holds_on(MILAN.of(begins - timedelta(microseconds=1)))
    assert not granted.holds_on(MILAN.of(over))


def test_a_leap_day_is_a_year_before_the_first_of_march() -> None:
    assert a_year_after(date(2028, 2, 29)) == date(2029, 3, 1)
    assert a_year_after(date(2027, 2, 28)) == date(2028, 2, 28)


def ended(state: SubstitutionState, by: str = "delegate", **more: Any) -> Change[SubstitutionState]:
    return end(state, by=by, **{"may_end_any": False, "reason": None, "at": NOW, "today": TODAY, **more})


def test_who_lent_ends_it_and_it_holds_no_more() -> None:
    change = ended(lent().state, reason=" Back earlier ")
    (told,) = change.events
    assert isinstance(told, SubstitutionEnded)
    assert not told.substitution.holds_on(TODAY)
    assert change.state.end_reason == "Back earlier"
    assert "Back" not in told.model_dump_json()
    assert not ended(change.state).events


def test_what_is_over_has_no_second_end() -> None:
    assert not ended(lent().state, today=TODAY + timedelta(days=11)).events


def test_only_who_lent_it_and_the_director_end_it() -> None:
    for other in ("secretary", "somebody"):
        with pytest.raises(NotYours):
            ended(lent().state, by=other)
    assert ended(lent().state, by="the director", may_end_any=True).events


def test_a_stored_state_is_read_with_its_parties() -> None:
    state = lent().state
    stored = state.model_dump(mode="json")
    assert stored["parties"] == ["delegate", "secretary"]
    assert SubstitutionState.model_validate(stored) == state
