"""What can be done with missions: load, ask the mission, save with its events.

``knows_reserved`` says whether the caller may know of reserved missions; who may not, changes none.
"""

from __future__ import annotations

from collections.abc import Callable

from services.agenda import domain
from services.agenda.domain import Correction, MissionState, Plan
from shared.contracts.agenda import Leg, Signature
from shared.domain import Change
from shared.domain.responsible import answered
from shared.store import Command, Receipt, Repository

Missions = Repository[MissionState]


async def propose(
    missions: Missions,
    command: Command,
    mission_id: str,
    plan: Plan,
    *,
    schedule: bool,
    knows_reserved: bool,
    responsible: str | None = None,
) -> Receipt:
    """A new mission; with ``schedule`` it is settled at once, as two events of one save.

    ``responsible`` is who answers for it.
    """

    def decide() -> Change[MissionState]:
        proposed = domain.propose(mission_id, plan)
        domain.check_known(proposed.state, knows_reserved=knows_reserved)
        settled = proposed.then(domain.schedule(proposed.state)) if schedule else proposed
        return answered(settled, responsible)

    return await missions.create(mission_id, command, decide)


async def schedule(missions: Missions, command: Command, mission_id: str, *, knows_reserved: bool) -> Receipt:
    """The proposal is settled."""
    return await _change(missions, command, mission_id, knows_reserved, domain.schedule)


async def reschedule(
    missions: Missions, command: Command, mission_id: str, legs: tuple[Leg, ...], *, knows_reserved: bool
) -> Receipt:
    """The mission moves."""
    return await _change(
        missions, command, mission_id, knows_reserved, lambda state: domain.reschedule(state, legs)
    )


async def cancel(
    missions: Missions, command: Command, mission_id: str, reason: str, *, knows_reserved: bool
) -> Receipt:
    """The mission will not take place."""
    return await _change(
        missions, command, mission_id, knows_reserved, lambda state: domain.cancel(state, reason)
    )


async def complete(missions: Missions, command: Command, mission_id: str, *, knows_reserved: bool) -> Receipt:
    """The mission took place."""
    return await _change(
        missions, command, mission_id, knows_reserved, lambda state: domain.complete(state, command.at)
    )


async def correct(
    missions: Missions, command: Command, mission_id: str, correction: Correction, *, knows_reserved: bool
) -> Receipt:
    """What was recorded wrongly is put right."""
    return await _change(
        missions, command, mission_id, knows_reserved, lambda state: domain.correct(state, correction)
    )


async def note_signature(
    missions: Missions, command: Command, mission_id: str, signature: Signature
) -> Receipt:
    """The agreement that the mission travelled for was signed."""
    return await missions.change(mission_id, command, lambda state: domain.note_signature(state, signature))


async def _change(
    missions: Missions,
    command: Command,
    mission_id: str,
    knows_reserved: bool,
    decide: Callable[[MissionState], Change[MissionState]],
) -> Receipt:
    """Raises ``NotFound``, ``Reserved``, ``StaleVersion`` and what ``decide`` refuses."""

    def within_sight(state: MissionState) -> Change[MissionState]:
        domain.check_known(state, knows_reserved=knows_reserved)
        change = decide(state)
        domain.check_known(change.state, knows_reserved=knows_reserved)
        return change

    return await missions.change(mission_id, command, within_sight)
