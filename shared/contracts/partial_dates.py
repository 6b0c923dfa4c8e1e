"""Dates of any precision: a year, a month or a day, as ISO 8601 allows them."""

from __future__ import annotations

import calendar
import re
from datetime import date

_SHAPE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")


def parse_partial_date(text: str) -> tuple[date, date]:
    """The first and the last day that ``text`` (``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``) may mean.

    Raises ``ValueError`` naming the value where no such day exists.
    """
    if not _SHAPE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date: use YYYY, YYYY-MM or YYYY-MM-DD")
    numbers = [int(part) for part in text.split("-")]
    year = numbers[0]
    first_month, last_month = (numbers[1], numbers[1]) if len(numbers) > 1 else (1, 12)
    try:
        if len(numbers) == 3:
            day = date(*numbers)
            return day, day
        last_day = calendar.monthrange(year, last_month)[1] if 1 <= last_month <= 12 else 0
        return date(year, first_month, 1), date(year, last_month, last_day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date of the calendar: {error}") from error


def precision(text: str) -> str:
    """``year``, ``month`` or ``day``."""
    return ("year", "month", "day")[text.count("-")]
