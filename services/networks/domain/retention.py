"""How long the holders of mandates are kept: from the end of the last one that they had in the network."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.networks.domain.state import MembershipState
from shared.contracts.base import Person
from shared.contracts.networks import Mandate, Membership
from shared.contracts.partial_dates import parse_partial_date
from shared.domain.retention import is_over


def counts_from(mandate: Mandate) -> date | None:
    """The last day on which the mandate may have ended; null: it is running, or nobody knows its end."""
    return None if mandate.until is None else parse_partial_date(mandate.until)[1]


def over(state: MembershipState, *, months: int, today: date) -> tuple[str, ...]:
    """The ids of the mandates whose holders may be kept no longer for their sake."""
    return tuple(
        mandate.mandate_id
        for mandate in state.membership.mandates
        if is_over(counts_from(mandate), months=months, today=today)
    )


def kept_too_long(
    state: MembershipState, past: Iterable[Membership], *, months: int, today: date
) -> tuple[Person, ...]:
    """Who may be kept no longer, as they were written at any time: holders of mandates that are over.

    ``past`` are the states that earlier events tell. Whoever has a mandate that still counts stays, in the
    earlier ones too: the network knows that they sit in it.
    """
    gone = set(over(state, months=months, today=today))
    if not gone:
        return ()
    kept = [mandate.holder for mandate in state.membership.mandates if mandate.mandate_id not in gone]
    told = [mandate for membership in (state.membership, *past) for mandate in membership.mandates]
    holders = dict.fromkeys(mandate.holder for mandate in told if mandate.mandate_id in gone)
    return tuple(
        holder
        for holder in holders
        if (holder.name or holder.person_id) and not any(_same(holder, other) for other in kept)
    )


def _same(one: Person, other: Person) -> bool:
    """Whether they may be one person: by id where both have one, else by name."""
    if one.person_id is not None and other.person_id is not None:
        return one.person_id == other.person_id
    return one.name is not None and other.name is not None and one.name.casefold() == other.name.casefold()
