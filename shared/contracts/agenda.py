"""Facts that the agenda publishes: the missions of the Mayor and the delegates, and who acts for whom."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts import substitutions
from shared.contracts.base import (
    Contract,
    EventData,
    FreeLongText,
    FreeText,
    Id,
    Moment,
    PartialDate,
    Person,
    PersonErased,
    Place,
    Text,
)

TOPIC = "ponte.agenda"


class MissionStatus(StrEnum):
    PROPOSED = "proposed"
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


class Purpose(StrEnum):
    """Why somebody travels."""

    SIGN_AGREEMENT = "sign-agreement"
    MEETING = "meeting"
    CONFERENCE = "conference"
    NETWORK = "network"
    CANDIDACY = "candidacy"
    COOPERATION = "cooperation"


class Leg(Contract):
    """One stay of a mission; its zone is that of its place."""

    place: Place
    starts_at: Moment
    ends_at: Moment


class Signature(Contract):
    """That the agreement which the mission travelled for was signed."""

    agreement_id: Id
    signed_on: PartialDate


class Mission(Contract):
    """The public state of a mission. A reserved one says no more than when it is, its id and its links."""

    mission_id: Id
    status: MissionStatus
    reserved: bool = Field(default=False, description="Published as busy only: no title, people or places")
    title: FreeText | None = None
    purpose: Purpose | None = None
    holder: Person = Field(description="Whose mission it is; of a reserved one only the function")
    delegation: tuple[Person, ...] = ()
    legs: tuple[Leg, ...] = ()
    starts_at: Moment
    ends_at: Moment
    agreement_id: Id | None = Field(default=None, description="The agreement that is to be signed")
    signature: Signature | None = None
    reason: FreeLongText | None = Field(default=None, description="Why it was cancelled")
    sample: bool = Field(default=False, description="Invented, to show the program")


class MissionEvent(EventData):
    """Every event carries the whole public state."""

    mission: Mission


class MissionProposed(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.proposed.v1"


class MissionScheduled(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.scheduled.v1"


class MissionRescheduled(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.rescheduled.v1"


class MissionCancelled(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.cancelled.v1"


class MissionCompleted(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.completed.v1"


class MissionCorrected(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.corrected.v1"
    fields: tuple[Text, ...] = Field(description="Names of the fields whose value was corrected")


class MissionSignatureNoted(MissionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.mission.signature-noted.v1"


class MissionPersonErased(MissionEvent, PersonErased):
    """Somebody was erased from the mission, of a reserved one also from what is not published."""

    TYPE: ClassVar[str] = "ponte.agenda.mission.person-erased.v1"


EVENTS: tuple[type[EventData], ...] = (
    MissionProposed,
    MissionScheduled,
    MissionRescheduled,
    MissionCancelled,
    MissionCompleted,
    MissionCorrected,
    MissionSignatureNoted,
    MissionPersonErased,
    *substitutions.EVENTS,
)
