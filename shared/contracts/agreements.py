"""Facts that agreements publishes: twinnings, collaborations, partnerships."""

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
    Place,
    Source,
    SourcedDate,
    Text,
)

TOPIC = "ponte.agreements"


class AgreementKind(StrEnum):
    TWINNING = "twinning"
    COLLABORATION = "collaboration"
    PARTNERSHIP = "partnership"


class AgreementStatus(StrEnum):
    DRAFTED = "drafted"
    SIGNING_SCHEDULED = "signing-scheduled"
    SIGNED = "signed"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    ENDED = "ended"


class Counterpart(Contract):
    """The other party. ``place`` is null for one that is not of a city, such as a bank."""

    name: FreeText
    name_it: FreeText
    place: Place | None = None


class StatusClaim(Contract):
    """A status with the source that says so and the date at which that source said it.

    ``confirmed`` is false where no act and neither side has confirmed it since: a page then reads
    "last confirmed" with ``as_of``, never plainly "in force".
    """

    status: AgreementStatus
    source: Source
    as_of: PartialDate
    confirmed: bool


class KindClaim(Contract):
    """What the other side calls the instrument, where the sides differ."""

    said: FreeText
    source: Source


class Signing(Contract):
    """A signing that is on the agenda, and the mission that travels for it."""

    mission_id: Id
    on: Moment
    place: Place | None = None


class Agreement(Contract):
    """The public state of an agreement."""

    agreement_id: Id
    kind: AgreementKind
    title: FreeText
    counterpart: Counterpart
    status: StatusClaim
    other_statuses: tuple[StatusClaim, ...] = Field(default=(), description="Sources that disagree, kept")
    kind_claims: tuple[KindClaim, ...] = ()
    signed: tuple[SourcedDate, ...] = Field(
        default=(), description="Every source's date, the preferred one first"
    )
    approved: tuple[SourcedDate, ...] = Field(default=(), description="When the city's organs approved it")
    renewed: tuple[SourcedDate, ...] = ()
    term_months: int | None = Field(default=None, ge=1, le=1200, description="Null: permanent or unknown")
    permanent: bool = False
    signing: Signing | None = None
    note: FreeLongText | None = None
    sample: bool = False


class AgreementEvent(EventData):
    """Every event carries the whole public state."""

    agreement: Agreement


class AgreementRegistered(AgreementEvent):
    """An agreement of the past entered the register with what its sources say."""

    TYPE: ClassVar[str] = "ponte.agreements.agreement.registered.v1"


class AgreementDrafted(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.drafted.v1"


class SigningScheduled(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.signing-scheduled.v1"


class SigningReopened(AgreementEvent):
    """The mission was cancelled: the agreement waits for another date."""

    TYPE: ClassVar[str] = "ponte.agreements.agreement.signing-reopened.v1"
    reason: FreeLongText | None = None


class AgreementSigned(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.signed.v1"
    signed_on: PartialDate
    mission_id: Id | None = Field(default=None, description="The mission that it was signed on")


class AgreementEnteredIntoForce(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.entered-into-force.v1"


class AgreementSuspended(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.suspended.v1"
    reason: FreeLongText


class AgreementResumed(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.resumed.v1"


class AgreementRenewed(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.renewed.v1"


class AgreementTermOver(AgreementEvent):
    """Its term is over and no renewal is known. That is no end: nobody has said so."""

    TYPE: ClassVar[str] = "ponte.agreements.agreement.term-over.v1"
    term_ended_by: PartialDate = Field(description="The latest day on which the term may have ended")


class AgreementEnded(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.ended.v1"
    reason: FreeLongText


class AgreementStatusConfirmed(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.status-confirmed.v1"


class AgreementCorrected(AgreementEvent):
    TYPE: ClassVar[str] = "ponte.agreements.agreement.corrected.v1"
    fields: tuple[Text, ...]


class AgreementPersonErased(AgreementEvent, PersonErased):
    """Somebody was erased from the agreement."""

    TYPE: ClassVar[str] = "ponte.agreements.agreement.person-erased.v1"


EVENTS: tuple[type[EventData], ...] = (
    AgreementRegistered,
    AgreementDrafted,
    SigningScheduled,
    SigningReopened,
    AgreementSigned,
    AgreementEnteredIntoForce,
    AgreementSuspended,
    AgreementResumed,
    AgreementRenewed,
    AgreementTermOver,
    AgreementEnded,
    AgreementStatusConfirmed,
    AgreementCorrected,
    AgreementPersonErased,
)
