from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.retention import FOR_EVER, add_months, first_kept, is_over

days = st.dates(date(1986, 1, 1), date(2150, 12, 31))
months = st.integers(1, 1200)


@pytest.mark.parametrize(
    ("begins", "so_many", "last_day"),
    [
        (date(2026, 11, 29), 120, date(2036, 11, 29)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 2, 28), 1, date(2026, 3, 28)),
    ],
)
def test_the_last_day_is_that_of_the_calendar(begins: date, so_many: int, last_day: date) -> None:
    assert add_months(begins, so_many) == last_day
    assert not is_over(begins, months=so_many, today=last_day)
    assert is_over(begins, months=so_many, today=last_day + timedelta(days=1))


@given(days, months)
def test_what_is_over_becomes_so_on_one_day_and_stays_so(begins: date, so_many: int) -> None:
    last_day = add_months(begins, so_many)
    assert not any(is_over(begins, months=so_many, today=day) for day in (begins, last_day))
    assert all(
        is_over(begins, months=so_many, today=last_day + timedelta(days=later)) for later in (1, 2, 400)
    )


@given(days, months)
def test_a_period_ends_in_its_month_and_never_before_its_day_unless_the_month_is_short(
    begins: date, so_many: int
) -> None:
    last_day = add_months(begins, so_many)
    month = begins.year * 12 + begins.month - 1 + so_many
    assert (last_day.year, last_day.month) == (month // 12, month % 12 + 1)
    short = (last_day + timedelta(days=1)).day == 1
    assert last_day.day == begins.day or (last_day.day < begins.day and short)


@given(days, days, months)
def test_who_is_kept_from_a_later_day_is_never_over_earlier(one: date, other: date, so_many: int) -> None:
    first, second = sorted((one, other))
    assert add_months(first, so_many) <= add_months(second, so_many)


@given(days, days)
def test_what_does_not_count_yet_or_is_kept_for_ever_is_never_over(begins: date, today: date) -> None:
    assert not is_over(None, months=1, today=today)
    assert not is_over(begins, months=FOR_EVER, today=today)


@given(days, st.integers(1, 1100), st.integers(-40, 40))
def test_what_counts_from_before_the_first_kept_day_is_over_and_nothing_else(
    today: date, so_many: int, later: int
) -> None:
    first = first_kept(today, so_many)
    day = first + timedelta(days=later)
    assert is_over(day, months=so_many, today=today) == (day < first)


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 3, 30), date(2026, 3, 1)),  # the whole of February counted to the 28th of March
        (date(2026, 3, 28), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 1, 28)),
        (date(2024, 2, 29), date(2024, 1, 29)),
    ],
)
def test_the_first_day_that_is_kept_for_a_month(today: date, first: date) -> None:
    assert first_kept(today, 1) == first
