"""An agreement from its draft to its end: in force, suspended, renewed."""

from __future__ import annotations

from datetime import date

from services.agreements.domain.checks import check, not_before_signature
from services.agreements.domain.errors import OlderThanKnown, ReasonMissing, TermContradiction
from services.agreements.domain.run_out import term_over
from services.agreements.domain.state import STATES, AgreementState, Correction
from shared.contracts import agreements
from shared.contracts.agreements import Agreement, AgreementStatus, StatusClaim
from shared.contracts.base import PartialDate, Source, SourcedDate
from shared.contracts.partial_dates import parse_partial_date
from shared.domain import Change
from shared.domain.corrections import corrected
from shared.domain.days import not_in_future
from shared.domain.responsible import corrected_responsible


def register(agreement: Agreement, *, today: date) -> Change[AgreementState]:
    """An agreement of the past enters the register with what its sources say. Raises what ``check`` does.

    A term that is over already is no news of its own.
    """
    check(agreement, today)
    state = AgreementState(agreement=agreement, term_told=term_over(agreement, today))
    return Change(state, (agreements.AgreementRegistered(agreement=agreement),))


def draft(agreement: Agreement, *, today: date) -> Change[AgreementState]:
    """A new agreement, not signed yet. Raises what ``check`` does."""
    check(agreement, today)
    return Change(AgreementState(agreement=agreement), (agreements.AgreementDrafted(agreement=agreement),))


def enter_into_force(
    state: AgreementState, *, source: Source, as_of: PartialDate, today: date
) -> Change[AgreementState]:
    """The signed agreement holds from ``as_of``. Raises ``ForbiddenTransition``, ``BeforeSignature``."""
    return _moved(
        state,
        "enter-into-force",
        agreements.AgreementEnteredIntoForce,
        source=source,
        as_of=as_of,
        today=today,
    )


def suspend(
    state: AgreementState, reason: str, *, source: Source, as_of: PartialDate, today: date
) -> Change[AgreementState]:
    """It rests, without being ended.

    Raises ``ForbiddenTransition``, ``ReasonMissing``, ``BeforeSignature``.
    """
    said = _reason(state, "suspend", reason)
    return _moved(
        state, "suspend", agreements.AgreementSuspended, source=source, as_of=as_of, today=today, reason=said
    )


def resume(
    state: AgreementState, *, source: Source, as_of: PartialDate, today: date
) -> Change[AgreementState]:
    """It holds again. Raises ``ForbiddenTransition``, ``BeforeSignature``."""
    return _moved(state, "resume", agreements.AgreementResumed, source=source, as_of=as_of, today=today)


def end(
    state: AgreementState, reason: str, *, source: Source, as_of: PartialDate, today: date
) -> Change[AgreementState]:
    """It is over, or the draft is given up. Raises ``ForbiddenTransition``, ``ReasonMissing``."""
    said = _reason(state, "end", reason)
    return _moved(
        state, "end", agreements.AgreementEnded, source=source, as_of=as_of, today=today, reason=said
    )


def renew(
    state: AgreementState, renewal: SourcedDate, *, term_months: int | None, today: date
) -> Change[AgreementState]:
    """It goes on for another term, ``term_months`` long if that changed.

    Raises ``ForbiddenTransition``, ``TermContradiction`` (permanent), ``SaidTwice``, ``BeforeSignature``.
    """
    status = STATES.after("renew", state.status)
    if state.agreement.permanent:
        raise TermContradiction(field="permanent", value=True)
    known = state.agreement.status
    claim = StatusClaim(status=status, source=renewal.source, as_of=renewal.date, confirmed=True)
    agreement = state.agreement.model_copy(
        update={
            # A renewal of long ago that is recorded late says nothing about today.
            "status": known if _older(renewal.date, known.as_of) else claim,
            "renewed": (*state.agreement.renewed, renewal),
            "term_months": term_months or state.agreement.term_months,
        }
    )
    check(agreement, today)
    return _change(state, agreement, agreements.AgreementRenewed)


def confirm_status(
    state: AgreementState, *, source: Source, as_of: PartialDate, today: date
) -> Change[AgreementState]:
    """A source says that the status still holds; the same confirmation again changes nothing.

    Raises ``OlderThanKnown``, ``ImpossibleValue`` (the future).
    """
    status = STATES.after("confirm-status", state.status)
    known = state.agreement.status
    not_in_future("as_of", as_of, today)
    if _older(as_of, known.as_of):
        raise OlderThanKnown(field="as_of", value=as_of, known=known.as_of)
    claim = StatusClaim(status=status, source=source, as_of=as_of, confirmed=True)
    if claim == known:
        return Change(state)
    agreement = state.agreement.model_copy(update={"status": claim})
    return _change(state, agreement, agreements.AgreementStatusConfirmed)


def correct(state: AgreementState, correction: Correction, *, today: date) -> Change[AgreementState]:
    """What the register said wrongly is put right; no event where it was right already.

    Raises what ``check`` does, and ``ImpossibleValue`` for a field that cannot be empty.
    """
    changes = correction.changes()
    passed, responsible = corrected_responsible(state, changes)
    agreement, fields = corrected(state.agreement, changes)
    fields += responsible
    if not fields:
        return Change(state)
    check(agreement, today)
    return _change(passed, agreement, agreements.AgreementCorrected, fields=fields)


def handed_over(state: AgreementState, fields: tuple[str, ...]) -> agreements.AgreementCorrected:
    """What is told when somebody else answers for the agreement: that, and nothing of whom."""
    return agreements.AgreementCorrected(agreement=state.agreement, fields=fields)


def _moved(
    state: AgreementState,
    action: str,
    fact: type[agreements.AgreementEvent],
    *,
    source: Source,
    as_of: PartialDate,
    today: date,
    **more: object,
) -> Change[AgreementState]:
    status: AgreementStatus = STATES.after(action, state.status)
    not_in_future("as_of", as_of, today)
    not_before_signature("as_of", as_of, state.agreement.signed)
    claim = StatusClaim(status=status, source=source, as_of=as_of, confirmed=True)
    return _change(state, state.agreement.model_copy(update={"status": claim}), fact, **more)


def _older(date_: PartialDate, known: PartialDate) -> bool:
    return parse_partial_date(date_)[1] < parse_partial_date(known)[0]


def _reason(state: AgreementState, action: str, reason: str) -> str:
    STATES.after(action, state.status)  # what is not possible at all is said first
    if not reason.strip():
        raise ReasonMissing(field="reason", value=reason, action=action)
    return reason.strip()


def _change(
    state: AgreementState, agreement: Agreement, fact: type[agreements.AgreementEvent], **more: object
) -> Change[AgreementState]:
    following = state.model_copy(update={"agreement": agreement})
    return Change(following, (fact.model_validate({"agreement": agreement, **more}),))
