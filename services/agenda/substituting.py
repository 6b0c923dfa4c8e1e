"""What can be done with substitutions: load, ask the domain, save with the event. Days are the city's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from services.agenda import domain
from services.agenda.domain import SubstitutionState, Terms
from shared.domain import Change
from shared.handover import Handover, Share
from shared.places.today import CityDay
from shared.store import Command, Receipt, Repository

Substitutions = Repository[SubstitutionState]


def ended_by_handover(substitutions: Callable[[], Substitutions], days: CityDay) -> Share:
    """Who leaves lends nothing any more, and acts for nobody; what is over already stays as it is."""

    def where(handover: Handover) -> Mapping[str, Any]:
        last = {"$gte": days.today().isoformat()}
        return {"parties": handover.leaving, "ended_at": None, "ends_on": last}

    def decide(state: SubstitutionState, handover: Handover, command: Command) -> Change[SubstitutionState]:
        return domain.end(
            state,
            by=command.actor,
            may_end_any=True,
            reason=handover.reason,
            at=command.at,
            today=days.of(command.at),
        )

    return Share(substitutions, where, decide, ends=True)


async def grant(
    substitutions: Substitutions,
    command: Command,
    substitution_id: str,
    terms: Terms,
    *,
    lendable: AbstractSet[str],
    days: CityDay,
) -> Receipt:
    """The principal lends roles. Raises ``AlreadyExists`` and what the domain refuses."""
    today = days.of(command.at)
    return await substitutions.create(
        substitution_id,
        command,
        lambda: domain.grant(substitution_id, terms, lendable=lendable, today=today),
    )


async def end(
    substitutions: Substitutions,
    command: Command,
    substitution_id: str,
    *,
    may_end_any: bool,
    reason: str | None,
    days: CityDay,
) -> Receipt:
    """It is over from now on. Raises ``NotFound`` and what the domain refuses."""
    today = days.of(command.at)
    return await substitutions.change(
        substitution_id,
        command,
        lambda state: domain.end(
            state, by=command.actor, may_end_any=may_end_any, reason=reason, at=command.at, today=today
        ),
    )
