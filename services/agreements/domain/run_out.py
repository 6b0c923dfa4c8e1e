"""A term that runs out while nobody has renewed it: told once, on the first day after it."""

from __future__ import annotations

from datetime import date, timedelta

from services.agreements.domain.state import AgreementState
from services.agreements.domain.term import TermState, term_of
from shared.contracts.agreements import Agreement, AgreementTermOver
from shared.domain import Change


def first_day_after_term(state: AgreementState) -> date | None:
    """The first day on which the term is over whatever its imprecise dates mean.

    Null where there is no such day, and where it was told already.
    """
    latest = term_of(state.agreement, date.min).latest
    if latest is None or latest in (state.term_told, date.max):
        return None
    return latest + timedelta(days=1)


def note_term_over(state: AgreementState, *, today: date) -> Change[AgreementState]:
    """The term is over and no renewal is known; no event where it runs, or where that was told already."""
    over = term_over(state.agreement, today)
    if over is None or over == state.term_told:
        return Change(state)
    return Change(
        state.model_copy(update={"term_told": over}),
        (AgreementTermOver(agreement=state.agreement, term_ended_by=over.isoformat()),),
    )


def term_over(agreement: Agreement, today: date) -> date | None:
    """The latest day on which the term may have ended, if it surely has."""
    term = term_of(agreement, today)
    return term.latest if term.state is TermState.OVER_RENEWAL_UNKNOWN else None
