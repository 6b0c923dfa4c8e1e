"""What the API of agreements takes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.agreements.commands import Said
from services.agreements.domain import Correction
from shared.contracts.agreements import (
    Agreement,
    AgreementKind,
    AgreementStatus,
    Counterpart,
    KindClaim,
    Signing,
    StatusClaim,
)
from shared.contracts.base import Id, LongText, PartialDate, Source, SourcedDate, SourceKind, Text
from shared.contracts.substitutions import UserId
from shared.domain.sources import THE_OFFICE
from shared.domain.written_times import moment_of
from shared.web import Body
from shared.web.places import PlaceIn

_COUNCIL: JsonDict = {"title": "City council resolution", "kind": "official"}
_LYON: JsonDict = {"name": "Lyon", "name_it": "Lione", "place": "Lyon"}
_DRAFT: JsonDict = {
    "kind": "collaboration",
    "title": "Collaboration with Lyon",
    "counterpart": _LYON,
    "term_months": 24,
}
_TWINNING: JsonDict = {
    "kind": "twinning",
    "title": "Twinning with Lyon",
    "counterpart": _LYON,
    "permanent": True,
    "signed": [{"date": "1967-09-22", "source": {"title": "Comune di Milano", "kind": "official"}}],
    "status": {
        "status": "in-force",
        "source": {"title": "Comune di Milano", "kind": "official"},
        "as_of": "2023-11",
        "confirmed": False,
    },
}


def _example(example: JsonDict) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]})


class SourceIn(Body):
    """Where something was seen."""

    title: Text
    kind: SourceKind

    def source(self) -> Source:
        """The same as it is published."""
        return Source(title=self.title, kind=self.kind)


class SourcedDateIn(Body):
    """A date as precise as its source: `1973`, `1973-04` or `1973-04-12`."""

    date: PartialDate
    source: SourceIn

    def sourced(self) -> SourcedDate:
        """The same as it is published."""
        return SourcedDate(date=self.date, source=self.source.source())


class StatusIn(Body):
    """A status, who says so and as of when."""

    status: AgreementStatus
    source: SourceIn
    as_of: PartialDate
    confirmed: bool = False

    def claim(self) -> StatusClaim:
        """The same as it is published."""
        return StatusClaim(
            status=self.status, source=self.source.source(), as_of=self.as_of, confirmed=self.confirmed
        )


class KindClaimIn(Body):
    """What the other side calls the instrument."""

    said: Text
    source: SourceIn

    def claim(self) -> KindClaim:
        """The same as it is published."""
        return KindClaim(said=self.said, source=self.source.source())


class CounterpartIn(Body):
    """The other party; `place` is left out for one that is not of a city."""

    name: Text
    name_it: Text | None = Field(default=None, description="Left out: as `name`")
    place: PlaceIn | None = None

    def counterpart(self) -> Counterpart:
        """The party with its place found. Raises what ``PlaceIn.place`` refuses."""
        place = self.place.place("counterpart.place") if self.place else None
        return Counterpart(name=self.name, name_it=self.name_it or self.name, place=place)


Dates = Annotated[list[SourcedDateIn], Field(max_length=50)]
Months = Annotated[
    int | None, Field(ge=1, le=1200, description="From the signature", json_schema_extra={"format": "int32"})
]


class DraftIn(Body):
    """A new agreement, not signed yet."""

    model_config = _example(_DRAFT)

    kind: AgreementKind
    title: Text
    counterpart: CounterpartIn
    kind_claims: list[KindClaimIn] = Field(default=[], max_length=50)
    approved: Dates = Field(default=[])
    term_months: Months = None
    permanent: bool = False
    note: LongText | None = None
    sample: bool = Field(default=False, description="Invented, to show the program")

    def agreement(self, agreement_id: str, status: StatusClaim) -> Agreement:
        """The agreement that the register gets."""
        return Agreement.model_validate({"agreement_id": agreement_id, "status": status, **_values(self)})


class RegisterIn(DraftIn):
    """An agreement of the past, with all that its sources say, also where they disagree."""

    model_config = _example(_TWINNING)

    status: StatusIn
    other_statuses: list[StatusIn] = Field(default=[], max_length=50)
    signed: Dates = Field(default=[])
    renewed: Dates = Field(default=[])

    def registered(self, agreement_id: str) -> Agreement:
        """The agreement that the register gets."""
        return self.agreement(agreement_id, self.status.claim())


class SigningIn(Body):
    """When and where it will be signed, and the mission that travels for it."""

    model_config = _example({"mission_id": "mission-3f9c2ab3", "on": "2027-03-04T09:30", "place": "Lyon"})

    mission_id: Id
    on: str = Field(max_length=40, description="ISO 8601; without an offset the local time of `place`")
    place: PlaceIn

    def signing(self) -> Signing:
        """The signing with its place found. Raises what ``PlaceIn.place`` and ``moment_of`` refuse."""
        place = self.place.place("place")
        on = moment_of(self.on, place.time_zone, field="on", zone_field="place.time_zone")
        return Signing(mission_id=self.mission_id, on=on, place=place)


class ReopenIn(Body):
    """Why the signing is off."""

    model_config = _example({"reason": "The host city has postponed."})

    reason: LongText | None = None


class SaidIn(Body):
    """Who says so and as of when; left out: the office, today."""

    model_config = _example({"source": _COUNCIL, "as_of": "2026-11-24"})

    source: SourceIn | None = None
    as_of: PartialDate | None = None

    def said(self) -> Said:
        """What the commands take."""
        return Said(self.source.source() if self.source else THE_OFFICE, self.as_of)


class ReasonIn(SaidIn):
    """Why, who says so and as of when."""

    model_config = _example({"reason": "Council motion", "source": _COUNCIL, "as_of": "2012-11-22"})

    reason: LongText


class ConfirmIn(Body):
    """The source that says that the status still holds, and when it said so."""

    model_config = _example({"source": _COUNCIL, "as_of": "2026-11-24"})

    source: SourceIn
    as_of: PartialDate | None = Field(default=None, description="Left out: today")

    def said(self) -> Said:
        """What the commands take."""
        return Said(self.source.source(), self.as_of)


class SignIn(Body):
    """When it was signed, and on the scheduled mission or elsewhere."""

    model_config = _example({"signed_on": "2027-03-04"})

    signed_on: PartialDate
    source: SourceIn | None = Field(default=None, description="Left out: the office")
    on_mission: bool = Field(default=True, description="False: signed without the scheduled mission")

    def signed(self) -> SourcedDate:
        """What the domain takes."""
        source = self.source.source() if self.source else THE_OFFICE
        return SourcedDate(date=self.signed_on, source=source)


class RenewIn(Body):
    """When it was renewed, and for how long if the term changed."""

    model_config = _example({"renewed_on": "2026-05-02", "term_months": 24})

    renewed_on: PartialDate
    source: SourceIn | None = Field(default=None, description="Left out: the office")
    term_months: Months = None

    def renewal(self) -> SourcedDate:
        """What the domain takes."""
        source = self.source.source() if self.source else THE_OFFICE
        return SourcedDate(date=self.renewed_on, source=source)


class CorrectIn(Body):
    """What the register says wrongly, with what is right; the other fields are left out.

    `null` empties `term_months`, `note` and `responsible`. A list replaces the whole list.
    """

    model_config = _example({"note": "Seen in the city archive."})

    kind: AgreementKind | None = None
    title: Text | None = None
    counterpart: CounterpartIn | None = None
    status: StatusIn | None = None
    other_statuses: list[StatusIn] | None = Field(default=None, max_length=50)
    kind_claims: list[KindClaimIn] | None = Field(default=None, max_length=50)
    signed: Dates | None = None
    approved: Dates | None = None
    renewed: Dates | None = None
    term_months: Months = None
    permanent: bool | None = None
    note: LongText | None = None
    sample: bool | None = None
    responsible: UserId | None = Field(default=None, description="Who answers for it: an opaque id")

    def correction(self) -> Correction:
        """What the domain takes: only the fields that were sent."""
        return Correction.model_validate(_values(self, only_sent=True))


def _values(body: Body, *, only_sent: bool = False) -> dict[str, Any]:
    """The body's fields by name as plain values, with places found."""
    values = body.model_dump(exclude_unset=only_sent)
    counterpart = getattr(body, "counterpart", None)
    if counterpart is not None:
        values["counterpart"] = counterpart.counterpart()
    return values
