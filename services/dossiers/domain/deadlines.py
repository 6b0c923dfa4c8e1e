"""A deadline as the issuer wrote it, and the moment that it means."""

from __future__ import annotations

from datetime import datetime

from shared.contracts.dossiers import Deadline
from shared.domain import ImpossibleValue, wall_clock

FIRST_YEAR, LAST_YEAR = 1900, 2199


def deadline(
    local: str, time_zone: str, *, field: str = "deadline.local", zone_field: str = "deadline.time_zone"
) -> Deadline:
    """The deadline at wall-clock time ``local`` (``2026-11-26T17:00``) in the issuer's ``time_zone``.

    Raises:
        ImpossibleValue: not a time of the calendar, not an IANA zone, or a time that the clocks there
            skipped or showed twice.
    """
    try:
        parsed = datetime.strptime(local, "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - the issuer's zone comes below
        if not FIRST_YEAR <= parsed.year <= LAST_YEAR:
            raise ValueError(parsed.year)
    except ValueError as error:
        raise ImpossibleValue(
            field=field,
            value=local,
            en="this is not a time between 1900 and 2199 as the issuer's clock shows it, written "
            "2026-11-26T17:00.",
            it="non è un'ora fra il 1900 e il 2199 secondo l'orologio di chi ha emesso il bando, scritta "
            "2026-11-26T17:00.",
        ) from error
    moment = wall_clock.moment(parsed, time_zone, field=field, zone_field=zone_field)
    return Deadline(local=parsed.isoformat(timespec="minutes"), time_zone=time_zone, at=moment)
