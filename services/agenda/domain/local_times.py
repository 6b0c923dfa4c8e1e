"""The moment that a written time means at a place, or why it means none."""

from __future__ import annotations

from datetime import UTC, datetime

from services.agenda.domain.errors import BadTime
from services.agenda.domain.legs import EARLIEST, LATEST
from shared.domain import wall_clock


def moment_of(text: str, time_zone: str, *, field: str) -> datetime:
    """The moment in UTC, to the millisecond, that an ISO 8601 ``text`` names.

    A text with an offset (or ``Z``) is that moment; without one it is the wall-clock time in ``time_zone``
    (an IANA name). Raises ``BadTime`` for what is not a time or lies outside 1900 to 2199, and
    ``ImpossibleValue`` for a time that the clocks there skipped or showed twice.
    """
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise BadTime(
            field=field,
            value=text,
            en="is not a time; write 2026-11-26T15:30, or with an offset 2026-11-26T15:30+01:00.",
            it="non è un'ora; scrivere 2026-11-26T15:30, oppure con lo scarto 2026-11-26T15:30+01:00.",
        ) from None
    if not EARLIEST.year <= parsed.year < LATEST.year:
        raise BadTime(
            field=field,
            value=text,
            en=f"is not between the years {EARLIEST.year} and {LATEST.year - 1}.",
            it=f"non è fra gli anni {EARLIEST.year} e {LATEST.year - 1}.",
        )
    if parsed.tzinfo is None:
        zone_field = f"{field.rpartition('.')[0]}.place.time_zone".lstrip(".")
        parsed = wall_clock.moment(parsed, time_zone, field=field, zone_field=zone_field)
    moment = parsed.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
