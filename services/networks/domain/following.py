"""When the office's own table says something else than the last time: one event for all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from services.networks.domain.membership import check
from services.networks.domain.state import MembershipState
from shared.contracts.networks import (
    DutyDone,
    DutySet,
    MandateEnded,
    MandateRecorded,
    Membership,
    MembershipCorrected,
    MembershipEvent,
)
from shared.domain import Change
from shared.domain.corrections import corrected


def follow_register(
    state: MembershipState, changes: Mapping[str, object], *, today: date
) -> Change[MembershipState]:
    """The membership with ``changes`` (public fields), as the fact that it fits or else as a correction.

    Raises as ``register`` does.
    """
    before = state.membership
    after, fields = corrected(before, changes)
    if not fields:
        return Change(state)
    check(after, today)
    fact = _mandate_fact(before, after) if fields == ("mandates",) else None
    if fields == ("duties",):
        fact = _duty_fact(before, after)
    return Change(state.having(after), (fact or MembershipCorrected(membership=after, fields=fields),))


def _mandate_fact(before: Membership, after: Membership) -> MembershipEvent | None:
    """That one mandate was recorded, or that one without an end got it; null for anything else."""
    old = {one.mandate_id: one for one in before.mandates}
    new = [one for one in after.mandates if old.get(one.mandate_id) != one]
    if len(new) != 1:
        return None
    mandate = new[0]
    known = old.get(mandate.mandate_id)
    if known is None and len(after.mandates) == len(old) + 1:
        return MandateRecorded(membership=after, mandate_id=mandate.mandate_id)
    ended = known is not None and known.until is None
    if ended and len(after.mandates) == len(old) and mandate.model_copy(update={"until": None}) == known:
        return MandateEnded(membership=after, mandate_id=mandate.mandate_id)
    return None


def _duty_fact(before: Membership, after: Membership) -> MembershipEvent | None:
    """That one duty was set, or that one was done; null for anything else."""
    old = {one.duty_id: one for one in before.duties}
    new = [one for one in after.duties if old.get(one.duty_id) != one]
    if len(new) != 1:
        return None
    duty = new[0]
    known = old.get(duty.duty_id)
    if known is None and len(after.duties) == len(old) + 1:
        return DutySet(membership=after, duty_id=duty.duty_id)
    done = known is not None and known.done_on is None
    if done and len(after.duties) == len(old) and duty.model_copy(update={"done_on": None}) == known:
        return DutyDone(membership=after, duty_id=duty.duty_id)
    return None
