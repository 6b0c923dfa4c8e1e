"""What dossiers keeps about a candidacy, and its table of states."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import LongText, PartialDate, Source, Text
from shared.contracts.dossiers import Candidacy, CandidacyKind, CandidacyStatus, Deadline, Outcome
from shared.contracts.exactly import EXACTLY
from shared.contracts.substitutions import UserId
from shared.domain import StateTable
from shared.domain.imported import ImportedCells
from shared.domain.responsible import Answered

_S = CandidacyStatus

STATES: Final = StateTable[CandidacyStatus](
    {
        "start-preparation": {_S.CONSIDERED: _S.PREPARING},
        # Issuers move deadlines until the day itself; after the submission it no longer matters.
        "move-deadline": {_S.CONSIDERED: _S.CONSIDERED, _S.PREPARING: _S.PREPARING},
        "submit": {_S.PREPARING: _S.SUBMITTED},
        "shortlist": {_S.SUBMITTED: _S.SHORTLISTED},
        "win": {_S.SUBMITTED: _S.WON, _S.SHORTLISTED: _S.WON},
        "lose": {_S.SUBMITTED: _S.LOST, _S.SHORTLISTED: _S.LOST},
        # Some issuers name the finalists only together with the winner.
        "end-as-finalist": {_S.SUBMITTED: _S.FINALIST, _S.SHORTLISTED: _S.FINALIST},
        "withdraw": {
            _S.CONSIDERED: _S.WITHDRAWN,
            _S.PREPARING: _S.WITHDRAWN,
            _S.SUBMITTED: _S.WITHDRAWN,
            _S.SHORTLISTED: _S.WITHDRAWN,
        },
        # A wrong record is put right at any time.
        "correct": {status: status for status in _S},
    }
)
"""Which action leads from which status to which; a candidacy begins as considered, or as registered."""

DECIDED: Final = (_S.WON, _S.LOST, _S.FINALIST)
ENDED: Final = (*DECIDED, _S.WITHDRAWN)
MAY_HAVE_OUTCOME: Final = (*ENDED, _S.SHORTLISTED)
"""A shortlist has its date and method as well."""


class CandidacyState(Answered):
    """What the service keeps: the public state, and the last imported row (never published)."""

    model_config = ConfigDict(frozen=True)

    candidacy: Candidacy
    imported: ImportedCells | None = None

    def having(self, candidacy: Candidacy) -> CandidacyState:
        """The same state with another public part."""
        return self.model_copy(update={"candidacy": candidacy})


class Evidence(BaseModel):
    """Who says so, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[Source, EXACTLY]
    as_of: PartialDate


class Correction(BaseModel):
    """The fields that were recorded wrongly, with their right values; a field left out stays as it is.

    A status is never corrected: it is reached by an action, or registered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    kind: CandidacyKind | None = None
    what_for: Text | None = None
    what_for_it: Text | None = None
    applicant: Text | None = None
    applicant_it: Text | None = None
    issuer: Text | None = None
    edition_year: int | None = None
    deadline: Deadline | None = None
    outcome: Annotated[Outcome | None, EXACTLY] = None
    reason: LongText | None = None
    note: LongText | None = None
    source: Annotated[Source | None, EXACTLY] = None
    as_of: PartialDate | None = None
    responsible: UserId | None = None

    def changes(self) -> dict[str, object]:
        """The fields that were given, also those that are to be emptied."""
        return {name: getattr(self, name) for name in self.model_fields_set}
