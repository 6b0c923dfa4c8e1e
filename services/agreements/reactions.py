"""What agreements does when the agenda tells something: the signing follows its mission.

What a rule of the agreement refuses (no such agreement, in force already, another mission's signing) is
kept for an officer by the runner. A repeated event changes nothing: each agreement knows the highest one of
each mission that it answered.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from services.agreements.commands import Desk
from services.agreements.domain import signing_on
from shared.contracts.agenda import (
    Mission,
    MissionCancelled,
    MissionCorrected,
    MissionEvent,
    MissionRescheduled,
    MissionScheduled,
    MissionStatus,
)
from shared.messaging import Reaction, Received
from shared.store import Command

OTHER_PURPOSE: Final = (
    "The mission no longer travels for this signing / La missione non è più per questa firma"
)
"""Why a signing is reopened when its mission was corrected to another agreement or purpose."""

MOST_SIGNINGS_OF_A_MISSION: Final = 200


def reactions(desk: Desk) -> Mapping[str, Reaction]:
    """By event type. A proposed or completed mission is none of this unit's business."""

    async def scheduled(event: Received[MissionScheduled]) -> None:
        """The signing is scheduled where the mission goes, also if another mission had it."""
        await _follow(desk, event, take_over=True)

    async def rescheduled(event: Received[MissionRescheduled]) -> None:
        """The signing moves with its mission."""
        await _follow(desk, event, take_over=False)

    async def corrected(event: Received[MissionCorrected]) -> None:
        """Another agreement or purpose, or a mission that became reserved, concerns the signing."""
        if {"agreement_id", "purpose"}.intersection(event.data.fields):
            await _follow(desk, event, take_over=True)
        elif "reserved" in event.data.fields:
            await _hide_or_show(desk, event)

    async def cancelled(event: Received[MissionCancelled]) -> None:
        """The agreement waits for another date."""
        mission = event.data.mission
        await _reopen(desk, _command(event, "reopen-signing"), mission, mission.reason)

    return {
        MissionScheduled.TYPE: scheduled,
        MissionRescheduled.TYPE: rescheduled,
        MissionCorrected.TYPE: corrected,
        MissionCancelled.TYPE: cancelled,
    }


async def _follow(desk: Desk, event: Received[MissionEvent], *, take_over: bool) -> None:
    """What the mission travelled for before is reopened, what it travels for now is scheduled."""
    mission = event.data.mission
    await _reopen(desk, _command(event, "reopen-signing"), mission, OTHER_PURPOSE, but=mission.agreement_id)
    if mission.agreement_id is None or mission.status is not MissionStatus.SCHEDULED:
        return
    counterpart = await _counterpart_city(desk, mission.agreement_id)
    command = _command(event, "schedule-signing")
    await desk.take_up_signing(
        command, mission.agreement_id, signing_on(mission, counterpart), take_over=take_over
    )


async def _hide_or_show(desk: Desk, event: Received[MissionCorrected]) -> None:
    mission = event.data.mission
    if mission.agreement_id in await _held(desk, mission.mission_id):
        await _follow(desk, event, take_over=False)


async def _reopen(
    desk: Desk, command: Command, mission: Mission, reason: str | None, *, but: str | None = None
) -> None:
    for agreement_id in await _held(desk, mission.mission_id):
        if agreement_id != but:
            await desk.reopen_signing(command, agreement_id, reason, mission_id=mission.mission_id)


async def _held(desk: Desk, mission_id: str) -> list[str]:
    """The agreements whose signing is scheduled with the mission.

    Only events of this mission, which come in order, and officers by hand put one there; the change itself
    looks again.
    """
    where = {"agreement.signing.mission_id": mission_id}
    found = await desk.agreements().page(limit=MOST_SIGNINGS_OF_A_MISSION, where=where)
    return [loaded.subject for loaded in found]


async def _counterpart_city(desk: Desk, agreement_id: str) -> str | None:
    place = (await desk.agreements().get(agreement_id)).state.agreement.counterpart.place
    return place.city if place else None


def _command(event: Received[MissionEvent], name: str) -> Command:
    return event.command(name, service="agreements", at=datetime.now(UTC))
