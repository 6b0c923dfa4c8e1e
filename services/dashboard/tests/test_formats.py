"""Dates stay as precise as their source; times name their place."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.tests.facts import NOW, a_frame
from shared.contracts.partial_dates import parse_partial_date

IT, EN = a_frame("it").f, a_frame("en").f


@pytest.mark.parametrize(
    ("text", "italian", "english"),
    [
        ("1973-04", "aprile 1973", "April 1973"),
        ("2012", "2012", "2012"),
        ("1961-07-28", "28 luglio 1961", "28 July 1961"),
    ],
)
def test_a_date_keeps_its_precision(text: str, italian: str, english: str) -> None:
    assert IT.partial(text) == italian
    assert EN.partial(text) == english


@given(st.dates(date(1000, 1, 1), date(2999, 12, 31)), st.sampled_from([4, 7, 10]))
def test_no_date_becomes_more_precise(day: date, length: int) -> None:
    text = day.isoformat()[:length]
    first, last = parse_partial_date(text)
    written = IT.partial(text)
    assert str(first.year) in written
    assert (str(first.day) in written.split()) is (first == last)
    assert written == IT.partial(text[:length])


def test_days_of_one_month_share_it() -> None:
    assert IT.days(date(2026, 11, 26), date(2026, 11, 27)) == "26–27 nov"
    assert IT.days(date(2026, 11, 29), date(2026, 12, 1)) == "29 nov–1 dic"
    assert IT.days(date(2026, 12, 30), date(2027, 1, 2)) == "30 dic–2 gen 2027"
    assert EN.days(date(2026, 11, 26), date(2026, 11, 26)) == "26 Nov"


def test_near_days_have_names() -> None:
    assert IT.near(date(2026, 11, 26)) == "oggi"
    assert IT.near(date(2026, 11, 25)) == "ieri"
    assert EN.near(date(2026, 11, 27)) == "tomorrow"
    assert IT.near(date(2026, 12, 4)) == "ven 4 dic"
    assert IT.day(date(2026, 11, 26)) == "giovedì 26 novembre 2026"
    assert EN.day(date(2026, 11, 26)) == "Thursday 26 November 2026"


@pytest.mark.parametrize(
    ("zone", "shift"),
    [
        ("Africa/Dakar", "−1\u00a0h"),
        ("Asia/Kolkata", "+4:30\u00a0h"),
        ("Europe/Paris", ""),
        ("Nowhere/Land", ""),
    ],
)
def test_other_clocks(zone: str, shift: str) -> None:
    assert IT.shift(zone, NOW) == shift


def test_summer_time_is_that_of_the_day() -> None:
    assert IT.shift("Asia/Tokyo", datetime(2026, 7, 1, tzinfo=UTC)) == "+7\u00a0h"
    assert IT.shift("Asia/Tokyo", datetime(2026, 12, 1, tzinfo=UTC)) == "+8\u00a0h"


def test_zones_and_numbers_have_the_names_of_the_language() -> None:
    assert IT.zone_city("Europe/Brussels") == "Bruxelles"
    assert EN.zone_city("Europe/Brussels") == "Brussels"
    assert IT.zone_city("Europe/Rome") == "Milano"
    assert IT.zone_city("UTC") == "UTC"
    assert (IT.number(1234), EN.number(1234)) == ("1.234", "1,234")
    assert IT.number(200, at_least=True) == "200+"
    assert IT.country("KR") == "Corea del Sud"
    assert IT.listing(["Riga", "Zagabria", "New York"]) == "Riga, Zagabria e New York"


def test_known_functions_are_shown_in_the_page_s_language() -> None:
    assert a_frame("en").function("Sindaco") == "Mayor"
    assert a_frame("it").function("mayor") == "Sindaco"
    assert a_frame("en").function("Sindaco di Milano") == "Mayor of Milan"
    assert a_frame("en").function("Portavoce") == "Portavoce"
