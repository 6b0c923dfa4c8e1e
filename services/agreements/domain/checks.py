"""What holds for every agreement, whatever led to its state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.agreements.domain.errors import (
    BeforeSignature,
    SaidTwice,
    SignatureMissing,
    SignatureUnexpected,
    SigningMismatch,
    TermContradiction,
)
from shared.contracts.agreements import Agreement, AgreementStatus
from shared.contracts.base import SourcedDate
from shared.contracts.partial_dates import parse_partial_date
from shared.domain.days import not_in_future

UNSIGNED = frozenset({AgreementStatus.DRAFTED, AgreementStatus.SIGNING_SCHEDULED})
# A draft that was given up has ended without a signature.
NEEDS_SIGNATURE = frozenset({AgreementStatus.SIGNED, AgreementStatus.IN_FORCE, AgreementStatus.SUSPENDED})


def check(agreement: Agreement, today: date) -> None:
    """Refuse an agreement that contradicts itself or knows the future.

    Dates of differing sources may differ as much as they like: that is kept, not judged.

    Raises ``ImpossibleValue`` (a day after ``today``), ``SaidTwice``, ``SignatureMissing``,
    ``SignatureUnexpected``, ``SigningMismatch``, ``TermContradiction``, ``BeforeSignature``.
    """
    _check_dates(agreement, today)
    status = agreement.status.status
    if status in NEEDS_SIGNATURE and not agreement.signed:
        raise SignatureMissing(field="signed", value=None, status=status.value)
    if status in UNSIGNED:
        for field, dates in (("signed", agreement.signed), ("renewed", agreement.renewed)):
            if dates:
                raise SignatureUnexpected(field=field, value=dates[0].date, status=status.value)
    if (status is AgreementStatus.SIGNING_SCHEDULED) != (agreement.signing is not None):
        raise SigningMismatch(field="status", value=status.value)
    if agreement.permanent:
        if agreement.term_months is not None:
            raise TermContradiction(field="term_months", value=agreement.term_months)
        if agreement.renewed:
            raise TermContradiction(field="renewed", value=agreement.renewed[0].date)
    for renewal in agreement.renewed:
        not_before_signature("renewed", renewal.date, agreement.signed)


def not_before_signature(field: str, value: str, signed: Iterable[SourcedDate]) -> None:
    """Refuse a partial date of which every day lies before every date of the signature.

    Raises ``BeforeSignature``. Without a signature there is nothing to compare with.
    """
    dates = [entry.date for entry in signed]
    if dates and parse_partial_date(value)[1] < min(parse_partial_date(text)[0] for text in dates):
        raise BeforeSignature(field=field, value=value, signed=", ".join(dates))


def _check_dates(agreement: Agreement, today: date) -> None:
    not_in_future("status.as_of", agreement.status.as_of, today)
    for claim in agreement.other_statuses:
        not_in_future("other_statuses.as_of", claim.as_of, today)
    for field, dates in (
        ("signed", agreement.signed),
        ("approved", agreement.approved),
        ("renewed", agreement.renewed),
    ):
        seen: set[tuple[str, str]] = set()
        for entry in dates:
            not_in_future(field, entry.date, today)
            said = (entry.date, entry.source.title)
            if said in seen:
                raise SaidTwice(field=field, value=entry.date)
            seen.add(said)
