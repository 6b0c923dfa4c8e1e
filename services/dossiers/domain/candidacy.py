"""A candidacy for a seat, an event or a prize, from being considered to its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from services.dossiers.domain.errors import (
    DeadlinePassed,
    OutcomeMissing,
    OutcomeUnexpected,
    ReasonMissing,
)
from services.dossiers.domain.outcomes import check_outcome
from services.dossiers.domain.state import (
    DECIDED,
    MAY_HAVE_OUTCOME,
    STATES,
    CandidacyState,
    Correction,
    Evidence,
)
from shared.contracts import dossiers
from shared.contracts.dossiers import Candidacy, CandidacyEvent, CandidacyStatus, Deadline, Outcome
from shared.domain import Change, ImpossibleValue
from shared.domain.corrections import corrected
from shared.domain.days import not_in_future
from shared.domain.responsible import corrected_responsible


def register(candidacy: Candidacy, *, today: date) -> Change[CandidacyState]:
    """A candidacy enters the register as it stands: a new one as considered, one of the past as it ended.

    Raises ``OutcomeMissing``, ``OutcomeUnexpected``, ``BadRounds``, ``HalfTranslated``, ``ImpossibleValue``.
    """
    _check(candidacy, today)
    new = candidacy.status is CandidacyStatus.CONSIDERED
    fact = dossiers.CandidacyConsidered if new else dossiers.CandidacyRegistered
    return Change(CandidacyState(candidacy=candidacy), (fact(candidacy=candidacy),))


def start_preparation(state: CandidacyState, evidence: Evidence) -> Change[CandidacyState]:
    """The Area decided to apply and writes the dossier. Raises ``ForbiddenTransition``."""
    after = _moved(state, "start-preparation", evidence)
    return Change(state.having(after), (dossiers.PreparationStarted(candidacy=after),))


def move_deadline(state: CandidacyState, deadline: Deadline, evidence: Evidence) -> Change[CandidacyState]:
    """The issuer set or moved the deadline, earlier or later; the same one again changes nothing.

    Raises ``ForbiddenTransition``.
    """
    before = state.candidacy
    moved = _moved(state, "move-deadline", evidence)
    if before.deadline == deadline:
        return Change(state)
    after = moved.model_copy(update={"deadline": deadline})
    return Change(state.having(after), (dossiers.DeadlineMoved(candidacy=after, before=before.deadline),))


def submit(
    state: CandidacyState, evidence: Evidence, *, submitted_at: datetime, at: datetime
) -> Change[CandidacyState]:
    """The dossier was handed in at ``submitted_at``; the deadline's own moment is still in time.

    ``at`` is the time of saying so, which may come after the deadline.

    Raises ``ForbiddenTransition``, ``DeadlinePassed``, ``ImpossibleValue`` (the future).
    """
    after = _moved(state, "submit", evidence).model_copy(update={"submitted_at": submitted_at})
    if submitted_at > at:
        raise ImpossibleValue(
            field="submitted_at",
            value=_minutes(submitted_at),
            en=f"this lies in the future (now it is {_minutes(at)}).",
            it=f"è nel futuro (ora sono le {_minutes(at)}).",
        )
    closes = after.deadline
    if closes is not None and submitted_at > closes.at:
        raise DeadlinePassed(
            field="deadline", value=closes.local, time_zone=closes.time_zone, submitted=_minutes(submitted_at)
        )
    return Change(state.having(after), (dossiers.CandidacySubmitted(candidacy=after),))


def shortlist(state: CandidacyState, evidence: Evidence) -> Change[CandidacyState]:
    """The issuer chose the city among the last. Raises ``ForbiddenTransition``."""
    after = _moved(state, "shortlist", evidence)
    return Change(state.having(after), (dossiers.CandidacyShortlisted(candidacy=after),))


def win(
    state: CandidacyState, outcome: Outcome, evidence: Evidence, *, today: date
) -> Change[CandidacyState]:
    """The candidacy won. Raises ``ForbiddenTransition``, ``BadRounds``, ``HalfTranslated``."""
    after = _decided(state, "win", outcome, evidence, today)
    return Change(state.having(after), (dossiers.CandidacyWon(candidacy=after),))


def lose(
    state: CandidacyState, outcome: Outcome, evidence: Evidence, *, today: date
) -> Change[CandidacyState]:
    """The candidacy lost. Raises ``ForbiddenTransition``, ``BadRounds``, ``HalfTranslated``."""
    after = _decided(state, "lose", outcome, evidence, today)
    return Change(state.having(after), (dossiers.CandidacyLost(candidacy=after),))


def end_as_finalist(
    state: CandidacyState, outcome: Outcome, evidence: Evidence, *, today: date
) -> Change[CandidacyState]:
    """Among the last, without the prize. Raises as ``win`` does."""
    after = _decided(state, "end-as-finalist", outcome, evidence, today)
    return Change(state.having(after), (dossiers.CandidacyEndedAsFinalist(candidacy=after),))


def withdraw(state: CandidacyState, reason: str, evidence: Evidence) -> Change[CandidacyState]:
    """The applicant gave up. Raises ``ForbiddenTransition``, ``ReasonMissing``."""
    moved = _moved(state, "withdraw", evidence)
    reason = reason.strip()
    if not reason:
        raise ReasonMissing(field="reason", value=reason)
    after = moved.model_copy(update={"reason": reason})
    return Change(state.having(after), (dossiers.CandidacyWithdrawn(candidacy=after, reason=reason),))


def correct(state: CandidacyState, correction: Correction, *, today: date) -> Change[CandidacyState]:
    """Puts right what was recorded wrongly; no event where everything was right already.

    Raises ``OutcomeMissing``, ``OutcomeUnexpected``, ``BadRounds``, ``HalfTranslated``, ``ReasonMissing``
    and ``ImpossibleValue``.
    """
    changes = correction.changes()
    passed, responsible = corrected_responsible(state, changes)
    after, fields = corrected(state.candidacy, changes)
    fields += responsible
    if not fields:
        return Change(state)
    _check(after, today)
    if state.candidacy.reason and not after.reason:
        raise ReasonMissing(field="reason", value=after.reason)
    return Change(passed.having(after), (dossiers.CandidacyCorrected(candidacy=after, fields=fields),))


def handed_over(state: CandidacyState, fields: tuple[str, ...]) -> dossiers.CandidacyCorrected:
    """What is told when somebody else answers for the candidacy: that, and nothing of whom."""
    return dossiers.CandidacyCorrected(candidacy=state.candidacy, fields=fields)


_ARRIVED: Final[Mapping[CandidacyStatus, type[CandidacyEvent]]] = {
    CandidacyStatus.PREPARING: dossiers.PreparationStarted,
    CandidacyStatus.SUBMITTED: dossiers.CandidacySubmitted,
    CandidacyStatus.SHORTLISTED: dossiers.CandidacyShortlisted,
    CandidacyStatus.WON: dossiers.CandidacyWon,
    CandidacyStatus.LOST: dossiers.CandidacyLost,
    CandidacyStatus.FINALIST: dossiers.CandidacyEndedAsFinalist,
}


def follow_register(
    state: CandidacyState, changes: Mapping[str, object], *, today: date
) -> Change[CandidacyState]:
    """The office's own table says something else than the last time: one event for all of it.

    A new status that one action of the table leads to is that action's fact; any other, such as a table
    that was not kept for months, is a correction.

    Raises ``OutcomeMissing``, ``OutcomeUnexpected``, ``BadRounds``, ``HalfTranslated``, ``ImpossibleValue``.
    """
    before = state.candidacy
    after, fields = corrected(before, changes)
    if not fields:
        return Change(state)
    _check(after, today)
    one_step = any(steps.get(before.status) is after.status for steps in STATES.transitions.values())
    fact = _ARRIVED.get(after.status) if after.status is not before.status and one_step else None
    if fact is not None:
        return Change(state.having(after), (fact(candidacy=after),))
    if fields == ("deadline",):
        return Change(state.having(after), (dossiers.DeadlineMoved(candidacy=after, before=before.deadline),))
    return Change(state.having(after), (dossiers.CandidacyCorrected(candidacy=after, fields=fields),))


def _minutes(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


def _moved(state: CandidacyState, action: str, evidence: Evidence) -> Candidacy:
    status = STATES.after(action, state.candidacy.status)
    update = {"status": status, "source": evidence.source, "as_of": evidence.as_of}
    return state.candidacy.model_copy(update=update)


def _decided(
    state: CandidacyState, action: str, outcome: Outcome, evidence: Evidence, today: date
) -> Candidacy:
    after = _moved(state, action, evidence).model_copy(update={"outcome": outcome})
    _check(after, today)
    return after


def _check(candidacy: Candidacy, today: date) -> None:
    """The rules that hold for a candidacy as a whole."""
    not_in_future("as_of", candidacy.as_of, today)
    if candidacy.status in DECIDED and candidacy.outcome is None:
        raise OutcomeMissing(field="outcome", value=None, status=candidacy.status.value)
    if candidacy.status not in MAY_HAVE_OUTCOME and candidacy.outcome is not None:
        raise OutcomeUnexpected(
            field="outcome", value=candidacy.outcome.decided_on, status=candidacy.status.value
        )
    if candidacy.outcome is not None:
        check_outcome(candidacy.outcome, today=today)
