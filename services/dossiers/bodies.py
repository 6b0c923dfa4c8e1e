"""What the API of dossiers takes, and what it means to the domain."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.dossiers import domain
from services.dossiers.domain import CandidacyState, Correction, Evidence
from shared.contracts.base import LongText, PartialDate, Source, Text
from shared.contracts.dossiers import Candidacy, CandidacyKind, CandidacyStatus, Deadline, Outcome
from shared.contracts.exactly import EXACTLY
from shared.contracts.substitutions import UserId
from shared.domain.sources import THE_OFFICE
from shared.places.today import CityDay
from shared.store import Command
from shared.web import Body
from shared.web.reading import When

_SOURCE: JsonDict = {"title": "European Commission", "kind": "counterpart"}
_CALL: JsonDict = {"local": "2027-06-01T17:00", "time_zone": "Europe/Brussels"}


def _example(example: JsonDict) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class DeadlineIn(Body):
    """When the call closes, as the issuer wrote it."""

    local: str = Field(
        max_length=40, description="Wall-clock time of the issuer", examples=["2026-12-01T17:00"]
    )
    time_zone: Text = Field(description="IANA name", examples=["Europe/Brussels"])

    def moment(self) -> Deadline:
        """With the moment that it means. Raises ``ImpossibleValue``."""
        return domain.deadline(self.local, self.time_zone)


class CandidacyIn(Body):
    """A candidacy as it enters the register: considered from now on, or an older one as it stands."""

    model_config = _example(
        {
            "kind": "prize",
            "what_for": "European Capital of Innovation",
            "what_for_it": "Capitale europea dell'innovazione",
            "applicant": "City of Milan",
            "applicant_it": "Comune di Milano",
            "issuer": "European Commission",
            "edition_year": 2028,
            "deadline": _CALL,
            "source": _SOURCE,
            "as_of": "2026-05",
        }
    )

    kind: CandidacyKind
    what_for: Text
    what_for_it: Text
    applicant: Text = Field(description="Who applies formally; often not the city itself")
    applicant_it: Text
    issuer: Text | None = None
    edition_year: int | None = Field(default=None, ge=1800, le=2200, json_schema_extra={"format": "int32"})
    deadline: DeadlineIn | None = None
    status: CandidacyStatus = CandidacyStatus.CONSIDERED
    outcome: Annotated[Outcome | None, EXACTLY] = None
    reason: LongText | None = Field(default=None, description="Why it was withdrawn")
    note: LongText | None = None
    source: Annotated[Source, EXACTLY]
    as_of: PartialDate = Field(description="When the source said so")
    sample: bool = False


class CandidacyOut(Candidacy):
    """A candidacy, and who answers for it."""

    responsible: UserId | None = Field(default=None, description="An opaque id")

    @classmethod
    def of(cls, state: CandidacyState) -> CandidacyOut:
        """What everybody who is signed in may see."""
        return cls(**dict(state.candidacy), responsible=state.responsible)


class StepIn(Body):
    """Who says so, and when; left out: the office, today."""

    model_config = _example({"source": _SOURCE, "as_of": "2026-05-04"})

    source: Annotated[Source, EXACTLY] = THE_OFFICE
    as_of: PartialDate | None = None

    def evidence(self, context: Command, days: CityDay) -> Evidence:
        """The source with its date."""
        return Evidence(source=self.source, as_of=self.as_of or days.of(context.at).isoformat())


class MoveIn(StepIn):
    """The deadline that the issuer set."""

    model_config = _example({"deadline": _CALL})

    deadline: DeadlineIn


class SubmitIn(StepIn):
    """When the dossier was handed in; now if left out."""

    model_config = _example({"submitted_at": "2026-11-20T15:30:00+01:00"})

    submitted_at: When | None = None


class DecisionIn(StepIn):
    """How the issuer decided, with the method and the rounds."""

    model_config = _example({"outcome": {"decided_on": "2026-11-20"}})

    outcome: Annotated[Outcome, EXACTLY]


class WithdrawIn(StepIn):
    """Why the applicant gave up."""

    model_config = _example({"reason": "Another city of the country applies."})

    reason: LongText


class CorrectIn(Body):
    """The fields that were recorded wrongly, with their right values; a field left out stays as it is."""

    model_config = _example({"edition_year": 2029})

    kind: CandidacyKind | None = None
    what_for: Text | None = None
    what_for_it: Text | None = None
    applicant: Text | None = None
    applicant_it: Text | None = None
    issuer: Text | None = None
    edition_year: int | None = Field(default=None, json_schema_extra={"format": "int32"})
    deadline: DeadlineIn | None = None
    outcome: Annotated[Outcome | None, EXACTLY] = None
    reason: LongText | None = None
    note: LongText | None = None
    source: Annotated[Source | None, EXACTLY] = None
    as_of: PartialDate | None = None
    responsible: UserId | None = Field(default=None, description="Who answers for it: an opaque id")

    def correction(self) -> Correction:
        """With the deadline's moment. Raises ``ImpossibleValue``."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if self.deadline is not None:
            given["deadline"] = self.deadline.moment()
        return Correction(**given)
