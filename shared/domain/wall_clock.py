"""From a wall-clock time to the moment that it means, refusing what no clock shows exactly once."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.errors import ImpossibleValue


def zone(name: str, *, field: str = "time_zone") -> ZoneInfo:
    """The IANA time zone called ``name``. Raises ``ImpossibleValue``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ImpossibleValue(
            field=field,
            value=name,
            en="there is no such time zone; an IANA name such as Europe/Brussels is needed.",
            it="questo fuso orario non esiste; serve un nome IANA, per esempio Europe/Brussels.",
        ) from error


def moment(
    local: datetime, time_zone: str, *, field: str = "local", zone_field: str = "time_zone"
) -> datetime:
    """The UTC moment at which the clocks of ``time_zone`` show ``local`` (a naive date and time).

    Raises:
        ImpossibleValue: the zone does not exist, or the clocks were moved over ``local`` (it never came,
            or came twice), so that nobody can say which moment is meant.
    """
    where = zone(time_zone, field=zone_field)
    first = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    second = local.replace(tzinfo=where, fold=1).astimezone(UTC)
    if first == second:
        return first
    shown = f"{local:%Y-%m-%dT%H:%M}"
    if first < second:
        raise ImpossibleValue(
            field=field,
            value=shown,
            en=f"the clocks of {time_zone} show this time twice that day, because they are put back over it.",
            it=f"gli orologi di {time_zone} segnano quest'ora due volte quel giorno, perché vengono spostati "
            "indietro.",
        )
    raise ImpossibleValue(
        field=field,
        value=shown,
        en=f"the clocks of {time_zone} never show this time that day: they are put forward over it.",
        it=f"gli orologi di {time_zone} non segnano mai quest'ora quel giorno: vengono spostati in avanti.",
    )
