"""Examples that the tests of dossiers share."""

from datetime import UTC, date, datetime
from typing import Any

from services.dossiers.domain import CandidacyState, Evidence, deadline, register
from shared.contracts.base import Source, SourceKind
from shared.contracts.dossiers import Candidacy, CandidacyKind, CandidacyStatus

NOW = datetime(2026, 11, 26, 9, 42, tzinfo=UTC)
TODAY = date(2026, 11, 26)
COMUNE = Source(title="Comune di Milano", kind=SourceKind.OFFICIAL)
SAID = Evidence(source=COMUNE, as_of="2026-11-26")
CLOSES = deadline("2026-12-01T17:00", "Europe/Brussels")


def candidacy(**changes: Any) -> Candidacy:
    values: dict[str, Any] = {
        "candidacy_id": "candidacy-icapital",
        "kind": CandidacyKind.PRIZE,
        "what_for": "European Capital of Innovation",
        "what_for_it": "Capitale europea dell'innovazione",
        "applicant": "City of Milan",
        "applicant_it": "Comune di Milano",
        "edition_year": 2027,
        "deadline": CLOSES,
        "status": CandidacyStatus.CONSIDERED,
        "source": COMUNE,
        "as_of": "2026-11-01",
    }
    return Candidacy(**{**values, **changes})


def considered(**changes: Any) -> CandidacyState:
    return register(candidacy(**changes), today=TODAY).state
