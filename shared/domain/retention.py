"""How long personal data is kept: calendar months that follow the day from which they count.

A period of months ends with the last hour of the day that has the same number as the one from which it runs,
or of the last day of a month that is too short (Regulation (EEC, Euratom) 1182/71, art. 3(2)(c)).
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from typing import Final

FOR_EVER: Final = 0
"""So many months in a setting: nothing is erased by itself."""


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that is too short."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def is_over(counts_from: date | None, *, months: int, today: date) -> bool:
    """Whether what counts from that day may be kept no longer: from the day after the last one.

    Never while it does not count yet (null), nor where ``months`` is ``FOR_EVER``.
    """
    if counts_from is None or months == FOR_EVER:
        return False
    return today > add_months(counts_from, months)


def first_kept(today: date, months: int) -> date:
    """The first day from which counts what is still kept today; what counts from before is over."""
    day = add_months(today, -months)
    # Going back from the 30th to a shorter month lands on a day whose period was over before.
    return day if add_months(day, months) >= today else day + timedelta(days=1)
