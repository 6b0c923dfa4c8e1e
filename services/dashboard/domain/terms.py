"""When an agreement's term ends, as far as its sources say."""

from __future__ import annotations

import calendar
from datetime import date

from shared.contracts.agreements import Agreement, AgreementStatus
from shared.contracts.base import SourcedDate
from shared.contracts.partial_dates import parse_partial_date

BINDING = frozenset({AgreementStatus.SIGNED, AgreementStatus.IN_FORCE})
"""States in which a term runs."""


def latest(dates: tuple[SourcedDate, ...]) -> date | None:
    """The last day that the latest of these dates may mean."""
    return max((parse_partial_date(dated.date)[1] for dated in dates), default=None)


def term_end(agreement: Agreement) -> date | None:
    """The last possible day of the term, counted from the latest renewal or else the signature.

    None where the agreement is permanent or its term is not known.
    """
    if agreement.permanent or agreement.term_months is None:
        return None
    start = latest(agreement.renewed) or latest(agreement.signed)
    return months_later(start, agreement.term_months) if start else None


def term_is_over(agreement: Agreement, today: date) -> bool:
    """Whether the term has passed although nobody has said that the agreement ended."""
    end = term_end(agreement)
    return end is not None and end < today and agreement.status.status in BINDING


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def disagree(dates: tuple[SourcedDate, ...]) -> bool:
    """Whether two sources cannot both be right. ``1973`` and ``April 1973`` can."""
    spans = [parse_partial_date(dated.date) for dated in dates]
    return any(a[1] < b[0] or b[1] < a[0] for index, a in enumerate(spans) for b in spans[index + 1 :])
