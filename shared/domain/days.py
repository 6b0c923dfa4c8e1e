"""Rules of days that every unit has."""

from __future__ import annotations

from datetime import date

from shared.contracts.partial_dates import parse_partial_date
from shared.domain.errors import ImpossibleValue


def not_in_future(field: str, value: date | str | None, today: date) -> None:
    """Refuse a day, or a partial date of which every day, lies after ``today``; null passes.

    Raises:
        ImpossibleValue: naming ``field``, ``value`` and today.
    """
    if value is None:
        return
    first = parse_partial_date(value)[0] if isinstance(value, str) else value
    if first > today:
        raise ImpossibleValue(
            field=field,
            value=str(value),
            en=f"this lies in the future (today is {today}).",
            it=f"è nel futuro (oggi è il {today}).",
        )
