"""Agreements for tests."""

from datetime import UTC, date, datetime
from typing import Any

from shared.contracts.agreements import (
    Agreement,
    AgreementKind,
    AgreementStatus,
    Counterpart,
    Signing,
    StatusClaim,
)
from shared.contracts.base import Place, Source, SourcedDate, SourceKind

TODAY = date(2026, 11, 26)
LYON = Place(city="Lyon", city_it="Lione", country="FR", time_zone="Europe/Paris")
COMUNE = Source(title="Comune di Milano", kind=SourceKind.OFFICIAL)
PRESS = Source(title="Press release of 2009-01-14, quoted by partecipami.it", kind=SourceKind.SECONDARY)
SIGNING = Signing(mission_id="mission-1", on=datetime(2027, 3, 4, 9, tzinfo=UTC), place=LYON)


def said(date_: str, source: Source = COMUNE) -> SourcedDate:
    """A date with its source."""
    return SourcedDate(date=date_, source=source)


def claim(status: AgreementStatus, as_of: str = "2025", *, confirmed: bool = False) -> StatusClaim:
    """A status as the city's page says it."""
    return StatusClaim(status=status, source=COMUNE, as_of=as_of, confirmed=confirmed)


def agreement(status: AgreementStatus = AgreementStatus.DRAFTED, **fields: Any) -> Agreement:
    """A collaboration with Lyon, but for what ``fields`` say."""
    usual: dict[str, Any] = {
        "agreement_id": "agreement-lyon",
        "kind": AgreementKind.COLLABORATION,
        "title": "Collaboration with Lyon",
        "counterpart": Counterpart(name="Lyon", name_it="Lione", place=LYON),
        "status": claim(status),
    }
    return Agreement(**{**usual, **fields})


def twinning(**fields: Any) -> Agreement:
    """The permanent twinning with Lyon, in force since 1967."""
    usual: dict[str, Any] = {
        "kind": AgreementKind.TWINNING,
        "title": "Twinning with Lyon",
        "signed": (said("1967-09-22"),),
        "permanent": True,
    }
    return agreement(AgreementStatus.IN_FORCE, **{**usual, **fields})
