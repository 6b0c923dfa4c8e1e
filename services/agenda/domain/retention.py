"""How long the people of a mission are kept: from its end, once it is completed or cancelled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from services.agenda.domain.state import MissionState
from shared.contracts.agenda import MissionStatus
from shared.domain.retention import is_over

CLOSED: Final = (MissionStatus.COMPLETED, MissionStatus.CANCELLED)


def counts_from(state: MissionState, day_of: Callable[[datetime], date]) -> date | None:
    """The city's day (``day_of`` a moment) on which the mission ended or would have; null: it is not closed.

    One that is over and not closed is still somebody's task, and its people are needed for it.
    """
    return day_of(state.ends_at) if state.status in CLOSED else None


def kept_too_long(
    state: MissionState, *, months: int, today: date, day_of: Callable[[datetime], date]
) -> bool:
    """Whether the people of the mission, of today and of its past, may be kept no longer."""
    return is_over(counts_from(state, day_of), months=months, today=today)


def names_somebody(state: MissionState) -> bool:
    """Whether anybody of the mission can still be told by a name or an id."""
    return any(person.name or person.person_id for person in (state.holder, *state.delegation))
