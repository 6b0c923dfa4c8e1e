"""The moment that a written time means at a place, or why it means none."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain import wall_clock
from shared.domain.errors import ImpossibleValue

FIRST_YEAR = 1900
LAST_YEAR = 2199


def moment_of(text: str, time_zone: str, *, field: str, zone_field: str = "time_zone") -> datetime:
    """The moment in UTC, to the millisecond, that an ISO 8601 ``text`` names.

    A text with an offset (or ``Z``) is that moment; without one it is the wall-clock time in ``time_zone``
    (an IANA name).

    Raises:
        ImpossibleValue: the text is no time, lies outside 1900 to 2199, or the clocks there skipped it or
            showed it twice.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ImpossibleValue(
            field=field,
            value=text,
            en="this is not a time; write 2026-11-26T15:30, or with an offset 2026-11-26T15:30+01:00.",
            it="non è un'ora; scrivere 2026-11-26T15:30, oppure con lo scarto 2026-11-26T15:30+01:00.",
        ) from None
    if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
        raise ImpossibleValue(
            field=field,
            value=text,
            en=f"this is not between the years {FIRST_YEAR} and {LAST_YEAR}.",
            it=f"non è fra gli anni {FIRST_YEAR} e {LAST_YEAR}.",
        )
    if parsed.tzinfo is None:
        parsed = wall_clock.moment(parsed, time_zone, field=field, zone_field=zone_field)
    moment = parsed.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
