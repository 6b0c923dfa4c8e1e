"""Facts that networks publishes: the city's memberships, who sits where, and what falls due."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from shared.contracts.base import (
    Contract,
    EventData,
    FreeLongText,
    FreeText,
    Id,
    PartialDate,
    Person,
    PersonErased,
    Source,
    Text,
    Unit,
)

TOPIC = "ponte.networks"


class MembershipRole(StrEnum):
    MEMBER = "member"
    FOUNDER = "founder"
    HOST = "host"  # the city runs the network's secretariat


class Mandate(Contract):
    """Who sits where, from when until when. An open end is unknown or running, never "for ever"."""

    mandate_id: Id
    office: FreeText
    office_it: FreeText
    body: FreeText
    body_it: FreeText
    holder: Person
    since: PartialDate | None = None
    until: PartialDate | None = None
    several: bool = Field(default=False, description="The office may be held by several at once")
    note: FreeLongText | None = None
    note_it: FreeLongText | None = None
    source: Source
    as_of: PartialDate


class Duty(Contract):
    """Something that the membership demands: a fee, a report, a nomination, a vote."""

    duty_id: Id
    what: FreeText
    what_it: FreeText
    due_on: date
    done_on: date | None = None
    sample: bool = False


class DatedCount(Contract):
    """A count is nothing without its scope and its date. ``as_of`` null: the count is undated."""

    what: FreeText
    what_it: FreeText
    value: int = Field(ge=0)
    at_least: bool = False
    as_of: PartialDate | None = None
    source: Source


class Membership(Contract):
    """The public state of one membership of a city network."""

    membership_id: Id
    network: FreeText
    network_it: FreeText
    unit: Unit
    role: MembershipRole
    since: PartialDate | None = None
    mandates: tuple[Mandate, ...] = ()
    duties: tuple[Duty, ...] = ()
    counts: tuple[DatedCount, ...] = ()
    note: FreeLongText | None = None
    note_it: FreeLongText | None = None
    source: Source
    as_of: PartialDate
    sample: bool = False


class MembershipEvent(EventData):
    """Every event carries the whole public state."""

    membership: Membership


class MembershipRegistered(MembershipEvent):
    TYPE: ClassVar[str] = "ponte.networks.membership.registered.v1"


class MandateRecorded(MembershipEvent):
    TYPE: ClassVar[str] = "ponte.networks.mandate.recorded.v1"
    mandate_id: Id


class MandateEnded(MembershipEvent):
    TYPE: ClassVar[str] = "ponte.networks.mandate.ended.v1"
    mandate_id: Id


class DutySet(MembershipEvent):
    TYPE: ClassVar[str] = "ponte.networks.duty.set.v1"
    duty_id: Id


class DutyDone(MembershipEvent):
    TYPE: ClassVar[str] = "ponte.networks.duty.done.v1"
    duty_id: Id


class MembershipCorrected(MembershipEvent):
    TYPE: ClassVar[str] = "ponte.networks.membership.corrected.v1"
    fields: tuple[Text, ...]


class MembershipPersonErased(MembershipEvent, PersonErased):
    """Somebody was erased from the membership."""

    TYPE: ClassVar[str] = "ponte.networks.membership.person-erased.v1"


EVENTS: tuple[type[EventData], ...] = (
    MembershipRegistered,
    MandateRecorded,
    MandateEnded,
    DutySet,
    DutyDone,
    MembershipCorrected,
    MembershipPersonErased,
)
