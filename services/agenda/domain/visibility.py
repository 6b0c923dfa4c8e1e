"""How much of a mission is shown to whom: a reserved one is no more than busy.

``knows_reserved`` is what the table of rights says of the caller (``agenda.read-reserved``).
"""

from __future__ import annotations

from services.agenda.domain.errors import Reserved
from services.agenda.domain.state import MissionState
from shared.contracts.agenda import Mission
from shared.contracts.base import Person


def everything(state: MissionState) -> Mission:
    """The mission as those see it who may know of reserved ones."""
    shown = {
        name: getattr(state, name) for name in Mission.model_fields.keys() & MissionState.model_fields.keys()
    }
    return Mission(**shown, starts_at=state.starts_at, ends_at=state.ends_at)


def check_known(state: MissionState, *, knows_reserved: bool) -> None:
    """Raise ``Reserved`` where the caller may not know of this mission, and so not write it either.

    Asked about the mission before the change and after it: nobody makes reserved what they then cannot see.
    """
    if state.reserved and not knows_reserved:
        raise Reserved(field="mission_id", value=state.mission_id)


def public(state: MissionState) -> Mission:
    """The mission as events publish it and everybody sees it."""
    return busy_only(everything(state)) if state.reserved else everything(state)


def busy_only(mission: Mission) -> Mission:
    """When somebody is busy and with which links: no title, purpose, people, places or reason.

    The function of the holder stays, so that the calendar shows whose time is taken.
    """
    return Mission(
        mission_id=mission.mission_id,
        status=mission.status,
        reserved=True,
        holder=Person(function=mission.holder.function),
        starts_at=mission.starts_at,
        ends_at=mission.ends_at,
        agreement_id=mission.agreement_id,
        signature=mission.signature,
        sample=mission.sample,
    )
