"""What can be done with substitutions: load, ask the domain, save with the event. Days are the city's."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from services.agenda import domain
from services.agenda.domain import SubstitutionState, Terms
from shared.places.today import CityDay
from shared.store import Command, Receipt, Repository

Substitutions = Repository[SubstitutionState]


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
