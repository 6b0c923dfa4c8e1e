from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.agreements.domain import (
    Term,
    TermState,
    end,
    term_of,
)
from services.agreements.tests.builders import (
    TODAY,
    agreement,
    said,
    twinning,
)
from services.agreements.tests.states import NOW, in_force
from shared.contracts.agreements import (
    AgreementStatus,
)
from shared.contracts.partial_dates import parse_partial_date
from shared.domain.retention import add_months


@pytest.mark.parametrize(
    ("fields", "today", "expected"),
    [
        (
            {"signed": (said("2024-05-02"),)},
            date(2026, 5, 1),
            Term(TermState.RUNNING, *[date(2026, 5, 2)] * 2),
        ),
        (
            {},
            date(2026, 5, 3),
            Term(TermState.OVER_RENEWAL_UNKNOWN, *[date(2026, 5, 2)] * 2),
        ),
        (
            {"signed": (said("2024"),)},
            date(2026, 6, 1),
            Term(TermState.ENDS_ABOUT_NOW, date(2026, 1, 1), date(2026, 12, 31)),
        ),
        (
            {"signed": (said("2012"),), "renewed": (said("2017"), said("2014"))},
            date(2020, 1, 1),
            Term(TermState.OVER_RENEWAL_UNKNOWN, date(2019, 1, 1), date(2019, 12, 31)),
        ),
        ({"term_months": None}, TODAY, Term(TermState.UNKNOWN)),
    ],
)
def test_the_term_is_as_exact_as_the_dates(fields: dict[str, Any], today: date, expected: Term) -> None:
    usual: dict[str, Any] = {"signed": (said("2024-05-02"),), "term_months": 24}
    assert term_of(agreement(AgreementStatus.IN_FORCE, **{**usual, **fields}), today) == expected


def test_what_has_no_term_says_so() -> None:
    assert term_of(twinning(), TODAY).state is TermState.PERMANENT
    assert term_of(agreement(), TODAY).state is TermState.NOT_SIGNED
    assert term_of(end(in_force(), "Over", **NOW).state.agreement, TODAY).state is TermState.ENDED


def test_months_are_counted_to_the_last_day_of_a_short_month() -> None:
    assert add_months(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert add_months(date(9999, 12, 1), 1) == date.max


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(1, 1200))
def test_a_term_of_months_ends_in_the_right_month(start: date, months: int) -> None:
    ends = add_months(start, months)
    assert (ends.year - start.year) * 12 + ends.month - start.month == months
    assert ends.day <= start.day
    assert parse_partial_date(ends.isoformat()) == (ends, ends)
