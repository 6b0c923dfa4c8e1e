"""Facts that dossiers publishes: candidacies for seats, events and prizes."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts.base import (
    Contract,
    EventData,
    FreeLongText,
    FreeText,
    Id,
    Moment,
    PartialDate,
    PersonErased,
    Source,
    Text,
)

TOPIC = "ponte.dossiers"


class CandidacyKind(StrEnum):
    SEAT = "seat"  # of an organisation
    EVENT = "event"
    PRIZE = "prize"


class CandidacyStatus(StrEnum):
    CONSIDERED = "considered"
    PREPARING = "preparing"
    SUBMITTED = "submitted"
    SHORTLISTED = "shortlisted"
    WON = "won"
    LOST = "lost"
    FINALIST = "finalist"  # closed: among the last, without the prize
    WITHDRAWN = "withdrawn"


class Deadline(Contract):
    """When the call closes: the wall-clock time in the issuer's own zone, and the same moment."""

    local: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$", description="Wall-clock time of the issuer"
    )
    time_zone: Text = Field(description="IANA name, by call: not every EU call closes on Brussels time")
    at: Moment


class Round(Contract):
    """One round of voting: the candidate's own result and the others', as the source gives them."""

    number: int = Field(ge=1)
    result: FreeText
    result_it: FreeText


class Outcome(Contract):
    """How it ended and by which method."""

    decided_on: PartialDate | None = None
    method: FreeText | None = None
    method_it: FreeText | None = None
    rounds: tuple[Round, ...] = ()
    note: FreeLongText | None = None
    note_it: FreeLongText | None = None


class Candidacy(Contract):
    """The public state of a candidacy."""

    candidacy_id: Id
    kind: CandidacyKind
    what_for: FreeText
    what_for_it: FreeText
    applicant: FreeText = Field(description="Who applies formally; often not the city itself")
    applicant_it: FreeText
    issuer: FreeText | None = None
    edition_year: int | None = Field(
        default=None, ge=1800, le=2200, description="Of the edition, not of the award"
    )
    deadline: Deadline | None = None
    status: CandidacyStatus
    submitted_at: Moment | None = None
    outcome: Outcome | None = None
    reason: FreeLongText | None = Field(default=None, description="Why it was withdrawn")
    note: FreeLongText | None = None
    source: Source
    as_of: PartialDate
    sample: bool = False


class CandidacyEvent(EventData):
    """Every event carries the whole public state."""

    candidacy: Candidacy


class CandidacyConsidered(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.considered.v1"


class CandidacyRegistered(CandidacyEvent):
    """A candidacy older than the register entered it as it stands, one of the past with its outcome."""

    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.registered.v1"


class PreparationStarted(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.preparation-started.v1"


class DeadlineMoved(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.deadline-moved.v1"
    before: Deadline | None = None


class CandidacySubmitted(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.submitted.v1"


class CandidacyShortlisted(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.shortlisted.v1"


class CandidacyWon(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.won.v1"


class CandidacyLost(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.lost.v1"


class CandidacyEndedAsFinalist(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.ended-as-finalist.v1"


class CandidacyWithdrawn(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.withdrawn.v1"
    reason: FreeLongText


class CandidacyCorrected(CandidacyEvent):
    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.corrected.v1"
    fields: tuple[Text, ...]


class CandidacyPersonErased(CandidacyEvent, PersonErased):
    """Somebody was erased from the candidacy."""

    TYPE: ClassVar[str] = "ponte.dossiers.candidacy.person-erased.v1"


EVENTS: tuple[type[EventData], ...] = (
    CandidacyConsidered,
    CandidacyRegistered,
    PreparationStarted,
    DeadlineMoved,
    CandidacySubmitted,
    CandidacyShortlisted,
    CandidacyWon,
    CandidacyLost,
    CandidacyEndedAsFinalist,
    CandidacyWithdrawn,
    CandidacyCorrected,
    CandidacyPersonErased,
)
