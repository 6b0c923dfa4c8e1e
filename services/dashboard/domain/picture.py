"""Everything that is known at one moment: what the rules and the page are computed from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.contracts.agenda import Mission, MissionStatus
from shared.contracts.agreements import Agreement
from shared.contracts.base import Unit
from shared.contracts.dossiers import Candidacy
from shared.contracts.networks import Membership


@dataclass(frozen=True, slots=True)
class Picture:
    """The latest state of every unit."""

    missions: tuple[Mission, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    memberships: tuple[Membership, ...] = ()
    candidacies: tuple[Candidacy, ...] = ()

    def of(self, unit: Unit | None) -> Picture:
        """Only what belongs to one unit; None: everything."""
        if unit is None:
            return self
        city = unit is Unit.CITY
        return Picture(
            missions=self.missions if city else (),
            agreements=self.agreements if city else (),
            memberships=tuple(known for known in self.memberships if known.unit is unit),
            candidacies=self.candidacies if unit is Unit.PARTNERSHIPS else (),
        )

    @property
    def has_sample(self) -> bool:
        """Whether anything in it is invented, to show the program."""
        return (
            any(mission.sample for mission in self.missions)
            or any(agreement.sample for agreement in self.agreements)
            or any(candidacy.sample for candidacy in self.candidacies)
            or any(known.sample or any(duty.sample for duty in known.duties) for known in self.memberships)
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """Now (UTC), and the city's zone, which decides what "today" is."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The city's day."""
        return self.now.astimezone(self.zone).date()

    def day(self, moment: datetime) -> date:
        """The city's day of a moment."""
        return moment.astimezone(self.zone).date()


LIVE_MISSIONS = frozenset({MissionStatus.PROPOSED, MissionStatus.SCHEDULED})
"""Missions that may still take place."""


def clashing(missions: tuple[Mission, ...]) -> list[tuple[Mission, Mission]]:
    """Live missions of one holder that overlap in time, the earlier one first.

    Each mission is paired with the earliest one that is still going on when it begins: every mission that
    clashes with any is in a pair, and a thousand at once do not make half a million pairs.
    """
    by_holder: dict[str, list[Mission]] = {}
    for mission in missions:
        if mission.status in LIVE_MISSIONS:
            key = mission.holder.person_id or f"function:{mission.holder.function.casefold()}"
            by_holder.setdefault(key, []).append(mission)
    pairs: list[tuple[Mission, Mission]] = []
    for held in by_holder.values():
        held.sort(key=lambda mission: (mission.starts_at, mission.mission_id))
        going_on: list[Mission] = []
        for mission in held:
            going_on = [earlier for earlier in going_on if earlier.ends_at > mission.starts_at]
            if going_on:
                pairs.append((going_on[0], mission))
            # Only the one that lasts longest can still be going on when all others are over.
            if not going_on or mission.ends_at > going_on[-1].ends_at:
                going_on.append(mission)
    return sorted(pairs, key=lambda pair: (pair[1].starts_at, pair[1].mission_id))
