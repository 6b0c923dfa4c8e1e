"""One function per use case: load, call the aggregate, save.

``units`` are those that the caller may write for; ``today`` is the city's day.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from datetime import date

from services.networks import domain
from services.networks.domain import Correction, MembershipState, OtherUnit
from shared.contracts.base import Unit
from shared.contracts.networks import Duty, Mandate, Membership
from shared.domain import Change
from shared.domain.responsible import answered
from shared.store import Command, Receipt, Repository

Memberships = Repository[MembershipState]
Units = AbstractSet[Unit]


async def register(
    memberships: Memberships,
    command: Command,
    membership: Membership,
    *,
    units: Units,
    today: date,
    responsible: str | None = None,
) -> Receipt:
    """Enter a membership that ``responsible`` answers for.

    Raises ``AlreadyExists``, ``OtherUnit`` and what the domain refuses.
    """

    def decide() -> Change[MembershipState]:
        _check_unit(membership, units)
        return answered(domain.register(membership, today=today), responsible)

    return await memberships.create(membership.membership_id, command, decide)


async def correct(
    memberships: Memberships,
    command: Command,
    membership_id: str,
    correction: Correction,
    *,
    units: Units,
    today: date,
) -> Receipt:
    """Put a record right; a membership is handed to another unit only by who may write for both."""

    def decide(state: MembershipState) -> Change[MembershipState]:
        change = domain.correct(state, correction, today=today)
        _check_unit(change.state.membership, units)
        return change

    return await _change(memberships, command, membership_id, units, decide)


async def record_mandate(
    memberships: Memberships,
    command: Command,
    membership_id: str,
    mandate: Mandate,
    *,
    units: Units,
    today: date,
) -> Receipt:
    """Record who holds an office of the network."""
    return await _change(
        memberships,
        command,
        membership_id,
        units,
        lambda state: domain.record_mandate(state, mandate, today=today),
    )


async def end_mandate(
    memberships: Memberships,
    command: Command,
    membership_id: str,
    mandate_id: str,
    until: str,
    *,
    units: Units,
    today: date,
) -> Receipt:
    """Say when a mandate ended or will end (a partial date)."""
    return await _change(
        memberships,
        command,
        membership_id,
        units,
        lambda state: domain.end_mandate(state, mandate_id, until=until, today=today),
    )


async def set_duty(
    memberships: Memberships, command: Command, membership_id: str, duty: Duty, *, units: Units, today: date
) -> Receipt:
    """Note what the membership demands, and by when."""
    return await _change(
        memberships, command, membership_id, units, lambda state: domain.set_duty(state, duty, today=today)
    )


async def mark_duty_done(
    memberships: Memberships,
    command: Command,
    membership_id: str,
    duty_id: str,
    done_on: date,
    *,
    units: Units,
    today: date,
) -> Receipt:
    """Say on which day a duty was done."""
    return await _change(
        memberships,
        command,
        membership_id,
        units,
        lambda state: domain.mark_duty_done(state, duty_id, done_on=done_on, today=today),
    )


async def _change(
    memberships: Memberships,
    command: Command,
    membership_id: str,
    units: Units,
    decide: Callable[[MembershipState], Change[MembershipState]],
) -> Receipt:
    """Raises ``NotFound``, ``OtherUnit``, ``StaleVersion`` and what ``decide`` refuses."""

    def within_the_unit(state: MembershipState) -> Change[MembershipState]:
        _check_unit(state.membership, units)
        return decide(state)

    return await memberships.change(membership_id, command, within_the_unit)


def _check_unit(membership: Membership, units: Units) -> None:
    if membership.unit not in units:
        allowed = ", ".join(sorted(units))
        raise OtherUnit(field="unit", value=membership.unit.value, allowed=allowed)
