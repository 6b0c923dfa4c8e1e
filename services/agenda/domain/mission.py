"""A mission of the Mayor or of a delegate, from its proposal to its completion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from services.agenda.domain.errors import (
    AgreementMissing,
    AgreementUnexpected,
    NotOverYet,
    OtherAgreement,
    ReasonMissing,
    SameLegs,
    SignedOnThisMission,
)
from services.agenda.domain.legs import check_legs
from services.agenda.domain.state import Correction, MissionState, Plan
from services.agenda.domain.visibility import public
from shared.contracts import agenda
from shared.contracts.agenda import Leg, MissionStatus, Purpose, Signature
from shared.domain import Change, StateTable
from shared.domain.corrections import corrected
from shared.domain.responsible import corrected_responsible

STATES: Final = StateTable[MissionStatus](
    {
        "schedule": {MissionStatus.PROPOSED: MissionStatus.SCHEDULED},
        # A proposal's times move as well; it stays a proposal.
        "reschedule": {
            MissionStatus.PROPOSED: MissionStatus.PROPOSED,
            MissionStatus.SCHEDULED: MissionStatus.SCHEDULED,
        },
        "cancel": {
            MissionStatus.PROPOSED: MissionStatus.CANCELLED,
            MissionStatus.SCHEDULED: MissionStatus.CANCELLED,
        },
        "complete": {MissionStatus.SCHEDULED: MissionStatus.COMPLETED},
        # A wrong record is put right at any time.
        "correct": {status: status for status in MissionStatus},
        # The signature is often recorded when the mission is already back and completed.
        "note-signature": {
            MissionStatus.SCHEDULED: MissionStatus.SCHEDULED,
            MissionStatus.COMPLETED: MissionStatus.COMPLETED,
        },
    }
)
"""Which action leads from which status to which; the mission begins as proposed."""


def propose(mission_id: str, plan: Plan) -> Change[MissionState]:
    """A new mission, as a proposal.

    Raises ``BadLegs``, ``ImpossibleValue`` (a zone), ``AgreementMissing``, ``AgreementUnexpected``.
    """
    check_legs(plan.legs)
    _check_purpose(plan)
    state = MissionState(mission_id=mission_id, status=MissionStatus.PROPOSED, **dict(plan))
    return _change(state, agenda.MissionProposed)


def schedule(state: MissionState) -> Change[MissionState]:
    """The proposal is settled. Raises ``ForbiddenTransition``."""
    return _change(_moved(state, "schedule"), agenda.MissionScheduled)


def reschedule(state: MissionState, legs: tuple[Leg, ...]) -> Change[MissionState]:
    """The mission is at other times or places.

    Raises ``ForbiddenTransition``, ``BadLegs``, ``ImpossibleValue`` (a zone), ``SameLegs``,
    ``SignedOnThisMission``.
    """
    moved = _moved(state, "reschedule")
    _refuse_if_signed(state, "reschedule")
    check_legs(legs)
    if legs == state.legs:
        raise SameLegs(field="legs", value=state.starts_at.astimezone(UTC).isoformat(timespec="minutes"))
    return _change(moved.model_copy(update={"legs": legs}), agenda.MissionRescheduled)


def cancel(state: MissionState, reason: str) -> Change[MissionState]:
    """The mission will not take place, or did not.

    Raises ``ForbiddenTransition``, ``ReasonMissing``, ``SignedOnThisMission``.
    """
    moved = _moved(state, "cancel")
    _refuse_if_signed(state, "cancel")
    if not reason.strip():
        raise ReasonMissing(field="reason", value=reason)
    return _change(moved.model_copy(update={"reason": reason.strip()}), agenda.MissionCancelled)


def complete(state: MissionState, at: datetime) -> Change[MissionState]:
    """The mission took place; ``at`` is when somebody says so.

    Raises ``ForbiddenTransition``, ``NotOverYet``.
    """
    moved = _moved(state, "complete")
    if at < state.ends_at:
        raise NotOverYet(field="ends_at", value=_minutes(state.ends_at), now=_minutes(at))
    return _change(moved, agenda.MissionCompleted)


def correct(state: MissionState, correction: Correction) -> Change[MissionState]:
    """Puts right what was recorded wrongly; no event where everything was right already.

    Raises ``ImpossibleValue`` for a field that cannot be empty, ``AgreementMissing``,
    ``AgreementUnexpected`` and, where the agreement itself would change, ``SignedOnThisMission``.
    """
    changes = correction.changes()
    passed, responsible = corrected_responsible(state, changes)
    right, wrong = corrected(passed, changes)
    wrong += responsible
    if not wrong:
        return Change(state)
    if {"agreement_id", "purpose"}.intersection(wrong):
        _refuse_if_signed(state, "correct")
    moved = _moved(right, "correct")
    _check_purpose(moved)
    return _change(moved, agenda.MissionCorrected, fields=wrong)


def handed_over(state: MissionState, fields: tuple[str, ...]) -> agenda.MissionCorrected:
    """What is told when somebody else answers for the mission: that, and nothing of whom."""
    return agenda.MissionCorrected(mission=public(state), fields=fields)


def note_signature(state: MissionState, signature: Signature) -> Change[MissionState]:
    """The agreement that the mission travelled for was signed; noting it again changes nothing.

    Raises ``ForbiddenTransition``, ``OtherAgreement``.
    """
    if state.signature == signature:
        return Change(state)
    moved = _moved(state, "note-signature")
    if state.agreement_id != signature.agreement_id:
        raise OtherAgreement(
            field="agreement_id", value=signature.agreement_id, expected=state.agreement_id or "—"
        )
    return _change(moved.model_copy(update={"signature": signature}), agenda.MissionSignatureNoted)


def _check_purpose(plan: Plan) -> None:
    signing = plan.purpose is Purpose.SIGN_AGREEMENT
    if signing and plan.agreement_id is None:
        raise AgreementMissing(field="agreement_id", value=None, purpose=plan.purpose.value)
    if not signing and plan.agreement_id is not None:
        raise AgreementUnexpected(field="agreement_id", value=plan.agreement_id, purpose=plan.purpose.value)


def _refuse_if_signed(state: MissionState, action: str) -> None:
    if state.signature is not None:
        raise SignedOnThisMission(field="agreement_id", value=state.signature.agreement_id, action=action)


def _moved(state: MissionState, action: str) -> MissionState:
    return state.model_copy(update={"status": STATES.after(action, state.status)})


def _minutes(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def _change(state: MissionState, fact: type[agenda.MissionEvent], **more: object) -> Change[MissionState]:
    return Change(state, (fact.model_validate({"mission": public(state), **more}),))
