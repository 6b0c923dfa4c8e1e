"""The membership of one city network: registered, corrected, with its mandates and duties.

Every function takes the state and answers the change; nothing here reads a clock or makes an id.
"""

from __future__ import annotations

from datetime import date

from services.networks.domain.errors import DutyAlreadyDone, IdTaken, MandateAlreadyEnded
from services.networks.domain.mandates import check_offices, check_period
from services.networks.domain.state import Correction, MembershipState
from shared.contracts.networks import (
    Duty,
    DutyDone,
    DutySet,
    Mandate,
    MandateEnded,
    MandateRecorded,
    Membership,
    MembershipCorrected,
    MembershipRegistered,
)
from shared.domain import Change, NotFound
from shared.domain.corrections import corrected
from shared.domain.days import not_in_future
from shared.domain.responsible import corrected_responsible


def register(membership: Membership, *, today: date) -> Change[MembershipState]:
    """The city's membership enters the register, with the mandates and duties known so far.

    Raises:
        IdTaken: two mandates or duties with one id.
        ImpossibleValue: a date that cannot be.
        OfficeTaken: two holders of one office at the same time.
    """
    check(membership, today)
    return Change(MembershipState(membership=membership), (MembershipRegistered(membership=membership),))


def correct(state: MembershipState, correction: Correction, *, today: date) -> Change[MembershipState]:
    """Puts right what was recorded wrongly; no event where everything was right already.

    Raises:
        IdTaken: two mandates or duties with one id.
        ImpossibleValue: a date that cannot be, or a field that cannot be empty.
        OfficeTaken: two holders of one office at the same time.
    """
    changes = correction.changes()
    passed, responsible = corrected_responsible(state, changes)
    after, fields = corrected(state.membership, changes)
    fields += responsible
    if not fields:
        return Change(state)
    check(after, today)
    return Change(passed.having(after), (MembershipCorrected(membership=after, fields=fields),))


def handed_over(state: MembershipState, fields: tuple[str, ...]) -> MembershipCorrected:
    """What is told when somebody else answers for the membership: that, and nothing of whom."""
    return MembershipCorrected(membership=state.membership, fields=fields)


def record_mandate(state: MembershipState, mandate: Mandate, *, today: date) -> Change[MembershipState]:
    """Somebody holds an office of the network.

    Raises:
        IdTaken: the id stands for another mandate.
        ImpossibleValue: a date that cannot be.
        OfficeTaken: somebody else holds the office at that time.
    """
    before = state.membership
    if mandate in before.mandates:
        return Change(state)
    after = before.model_copy(update={"mandates": (*before.mandates, mandate)})
    check(after, today)
    return Change(state.having(after), (MandateRecorded(membership=after, mandate_id=mandate.mandate_id),))


def end_mandate(
    state: MembershipState, mandate_id: str, *, until: str, today: date
) -> Change[MembershipState]:
    """The mandate ended, or is known to end, on ``until`` (a partial date).

    Raises:
        ImpossibleValue: before it began.
        MandateAlreadyEnded: it has another end.
        NotFound: there is no such mandate.
        OfficeTaken: with that end it would overlap another mandate of the same holder.
    """
    before = state.membership
    if mandate_id not in _mandate_ids(before):
        raise NotFound(field="mandate_id", value=mandate_id)
    mandate = next(one for one in before.mandates if one.mandate_id == mandate_id)
    if mandate.until == until:
        return Change(state)
    if mandate.until is not None:
        raise MandateAlreadyEnded(field="until", value=until, until=mandate.until)
    ended = mandate.model_copy(update={"until": until})
    mandates = tuple(ended if one is mandate else one for one in before.mandates)
    after = before.model_copy(update={"mandates": mandates})
    check(after, today)
    return Change(state.having(after), (MandateEnded(membership=after, mandate_id=mandate_id),))


def set_duty(state: MembershipState, duty: Duty, *, today: date) -> Change[MembershipState]:
    """The membership demands something by a day. Raises ``IdTaken``."""
    before = state.membership
    if duty in before.duties:
        return Change(state)
    after = before.model_copy(update={"duties": (*before.duties, duty)})
    check(after, today)
    return Change(state.having(after), (DutySet(membership=after, duty_id=duty.duty_id),))


def mark_duty_done(
    state: MembershipState, duty_id: str, *, done_on: date, today: date
) -> Change[MembershipState]:
    """The duty was done on ``done_on``, late or not.

    Raises:
        DutyAlreadyDone: it was done on another day.
        ImpossibleValue: a day after ``today``.
        NotFound: there is no such duty.
    """
    before = state.membership
    if duty_id not in _duty_ids(before):
        raise NotFound(field="duty_id", value=duty_id)
    duty = next(one for one in before.duties if one.duty_id == duty_id)
    if duty.done_on == done_on:
        return Change(state)
    if duty.done_on is not None:
        raise DutyAlreadyDone(field="done_on", value=done_on, done_on=duty.done_on)
    not_in_future("done_on", done_on, today)
    done = duty.model_copy(update={"done_on": done_on})
    duties = tuple(done if one is duty else one for one in before.duties)
    after = before.model_copy(update={"duties": duties})
    return Change(state.having(after), (DutyDone(membership=after, duty_id=duty_id),))


def _mandate_ids(membership: Membership) -> tuple[str, ...]:
    return tuple(mandate.mandate_id for mandate in membership.mandates)


def _duty_ids(membership: Membership) -> tuple[str, ...]:
    return tuple(duty.duty_id for duty in membership.duties)


def check(membership: Membership, today: date) -> None:
    """The rules that hold for a membership as a whole.

    Raises ``IdTaken``, ``ImpossibleValue``, ``OfficeTaken``.
    """
    for field, ids in (("mandate_id", _mandate_ids(membership)), ("duty_id", _duty_ids(membership))):
        for number, one in enumerate(ids):
            if one in ids[:number]:
                raise IdTaken(field=field, value=one)
    not_in_future("since", membership.since, today)
    not_in_future("as_of", membership.as_of, today)
    for count in membership.counts:
        not_in_future("counts.as_of", count.as_of, today)
    for duty in membership.duties:
        not_in_future("duties.done_on", duty.done_on, today)
    for mandate in membership.mandates:
        not_in_future("mandates.as_of", mandate.as_of, today)
        check_period(mandate)
    check_offices(membership.mandates)
