"""When the term of an agreement ends, as exactly as its dates allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.contracts.agreements import Agreement, AgreementStatus
from shared.contracts.partial_dates import parse_partial_date
from shared.domain.retention import add_months


class TermState(StrEnum):
    """What can be said about the term without guessing."""

    PERMANENT = "permanent"
    RUNNING = "running"
    ENDS_ABOUT_NOW = "ends-about-now"  # the date of the signature is too imprecise to tell
    OVER_RENEWAL_UNKNOWN = "over-renewal-unknown"  # never "expired" without an act
    NOT_SIGNED = "not-signed"
    UNKNOWN = "unknown"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Term:
    """``earliest`` and ``latest`` day on which the term ends; one day where the start is known to the day."""

    state: TermState
    earliest: date | None = None
    latest: date | None = None


def term_of(agreement: Agreement, today: date) -> Term:
    """The term counted in months from the latest renewal, or from the preferred date of the signature.

    A term that began on the 31st ends on the last day of a shorter month.
    """
    if agreement.status.status is AgreementStatus.ENDED:
        return Term(TermState.ENDED)
    if agreement.permanent:
        return Term(TermState.PERMANENT)
    if not agreement.signed:
        return Term(TermState.NOT_SIGNED)
    if agreement.term_months is None:
        return Term(TermState.UNKNOWN)
    renewals = sorted((entry.date for entry in agreement.renewed), key=parse_partial_date)
    first, last = parse_partial_date(renewals[-1] if renewals else agreement.signed[0].date)
    earliest, latest = add_months(first, agreement.term_months), add_months(last, agreement.term_months)
    if today > latest:
        return Term(TermState.OVER_RENEWAL_UNKNOWN, earliest, latest)
    return Term(TermState.RUNNING if today < earliest else TermState.ENDS_ABOUT_NOW, earliest, latest)
