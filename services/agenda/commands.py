"""What can be done with missions: load, ask the mission, save with its events."""

from __future__ import annotations

from services.agenda import domain
from services.agenda.domain import Correction, MissionState, Plan
from shared.contracts.agenda import Leg, Signature
from shared.domain import Change
from shared.store import Command, Receipt, Repository

Missions = Repository[MissionState]


async def propose(
    missions: Missions, command: Command, mission_id: str, plan: Plan, *, schedule: bool
) -> Receipt:
    """A new mission; with ``schedule`` it is settled at once, as two events of one save."""

    def decide() -> Change[MissionState]:
        proposed = domain.propose(mission_id, plan)
        return proposed.then(domain.schedule(proposed.state)) if schedule else proposed

    return await missions.create(mission_id, command, decide)


async def schedule(missions: Missions, command: Command, mission_id: str) -> Receipt:
    """The proposal is settled."""
    return await missions.change(mission_id, command, domain.schedule)


async def reschedule(missions: Missions, command: Command, mission_id: str, legs: tuple[Leg, ...]) -> Receipt:
    """The mission moves."""
    return await missions.change(mission_id, command, lambda state: domain.reschedule(state, legs))


async def cancel(missions: Missions, command: Command, mission_id: str, reason: str) -> Receipt:
    """The mission will not take place."""
    return await missions.change(mission_id, command, lambda state: domain.cancel(state, reason))


async def complete(missions: Missions, command: Command, mission_id: str) -> Receipt:
    """The mission took place."""
    return await missions.change(mission_id, command, lambda state: domain.complete(state, command.at))


async def correct(missions: Missions, command: Command, mission_id: str, correction: Correction) -> Receipt:
    """What was recorded wrongly is put right."""
    return await missions.change(mission_id, command, lambda state: domain.correct(state, correction))


async def note_signature(
    missions: Missions, command: Command, mission_id: str, signature: Signature
) -> Receipt:
    """The agreement that the mission travelled for was signed."""
    return await missions.change(mission_id, command, lambda state: domain.note_signature(state, signature))
