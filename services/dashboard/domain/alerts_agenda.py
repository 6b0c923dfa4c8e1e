"""Rules about missions."""

from __future__ import annotations

from collections.abc import Iterator

from services.dashboard.domain.alert import Alert, Gravity
from services.dashboard.domain.picture import Clock, Picture, clashing
from shared.contracts.agenda import Mission, MissionStatus
from shared.contracts.base import Unit


def clashes(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """The same holder in two missions at once: grave where both are scheduled, else to be kept in mind."""
    for earlier, later in clashing(picture.missions):
        if later.ends_at <= clock.now or earlier.ends_at <= clock.now:
            continue
        both = all(mission.status is MissionStatus.SCHEDULED for mission in (earlier, later))
        yield Alert(
            rule="clash",
            gravity=Gravity.GRAVE if both else Gravity.WARN,
            unit=Unit.CITY,
            subjects=(earlier.mission_id, later.mission_id),
            about=(earlier, later),
            due=clock.day(later.starts_at),
            sample=earlier.sample or later.sample,
        )


def overdue(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """A mission that is over, but that nobody has completed or cancelled."""
    for mission in picture.missions:
        if mission.status is MissionStatus.SCHEDULED and mission.ends_at < clock.now:
            yield _about("mission-overdue", Gravity.WARN, mission, clock)


def never_decided(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """A mission that should have begun and was never more than proposed."""
    for mission in picture.missions:
        if mission.status is MissionStatus.PROPOSED and mission.starts_at < clock.now:
            yield _about("mission-undecided", Gravity.WATCH, mission, clock)


def _about(rule: str, gravity: Gravity, mission: Mission, clock: Clock) -> Alert:
    return Alert(
        rule=rule,
        gravity=gravity,
        unit=Unit.CITY,
        subjects=(mission.mission_id,),
        about=(mission,),
        due=clock.day(mission.ends_at),
        sample=mission.sample,
    )


RULES = (clashes, overdue, never_decided)
