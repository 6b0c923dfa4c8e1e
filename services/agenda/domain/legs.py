"""The legs of a mission: in order, apart from each other, and of a length that a stay can have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from services.agenda.domain.errors import BadLegs
from shared.contracts.agenda import Leg
from shared.domain import wall_clock
from shared.domain.written_times import FIRST_YEAR, LAST_YEAR

EARLIEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
LATEST = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
LONGEST_LEG = timedelta(days=60)
LONGEST_MISSION = timedelta(days=731)
MOST_LEGS = 40


def check_legs(legs: Sequence[Leg]) -> None:
    """Raises ``BadLegs`` at the first leg that breaks a rule, naming it by its place in the list.

    A leg may begin at the moment at which the one before it ends.
    """
    if not 1 <= len(legs) <= MOST_LEGS:
        raise BadLegs(
            field="legs",
            value=len(legs),
            en=f"a mission has between 1 and {MOST_LEGS} legs.",
            it=f"una missione ha da 1 a {MOST_LEGS} tappe.",
        )
    for number, leg in enumerate(legs):
        _check_leg(leg, f"legs.{number}")
    for number, (before, leg) in enumerate(pairwise(legs), start=1):
        if leg.starts_at < before.ends_at:
            raise BadLegs(
                field=f"legs.{number}.starts_at",
                value=_text(leg.starts_at),
                en=f"is before the end of the leg before it ({_text(before.ends_at)}); legs are in order "
                "and do not overlap.",
                it=f"è prima della fine della tappa precedente ({_text(before.ends_at)}); le tappe sono in "
                "ordine e non si sovrappongono.",
            )
    if legs[-1].ends_at - legs[0].starts_at > LONGEST_MISSION:
        raise BadLegs(
            field="legs",
            value=_text(legs[-1].ends_at),
            en="a mission lasts at most two years from its first start to its last end.",
            it="una missione dura al massimo due anni dal primo inizio all'ultima fine.",
        )


def _check_leg(leg: Leg, field: str) -> None:
    wall_clock.zone(leg.place.time_zone, field=f"{field}.place.time_zone")
    if leg.starts_at < EARLIEST:
        raise BadLegs(
            field=f"{field}.starts_at",
            value=_text(leg.starts_at),
            en=f"is before the year {FIRST_YEAR}.",
            it=f"è prima dell'anno {FIRST_YEAR}.",
        )
    if leg.ends_at >= LATEST:
        raise BadLegs(
            field=f"{field}.ends_at",
            value=_text(leg.ends_at),
            en=f"is after the year {LAST_YEAR}.",
            it=f"è dopo l'anno {LAST_YEAR}.",
        )
    if leg.ends_at <= leg.starts_at:
        raise BadLegs(
            field=f"{field}.ends_at",
            value=_text(leg.ends_at),
            en=f"is not after the start of the leg ({_text(leg.starts_at)}).",
            it=f"non è dopo l'inizio della tappa ({_text(leg.starts_at)}).",
        )
    if leg.ends_at - leg.starts_at > LONGEST_LEG:
        raise BadLegs(
            field=f"{field}.ends_at",
            value=_text(leg.ends_at),
            en=f"makes the leg longer than {LONGEST_LEG.days} days.",
            it=f"rende la tappa più lunga di {LONGEST_LEG.days} giorni.",
        )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
