"""What the agenda's API takes and shows."""

from __future__ import annotations

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.agenda.domain import STATES, Correction, MissionState, Plan, everything, public
from shared.contracts.agenda import Leg, Mission, Purpose
from shared.contracts.base import Id, LongText, Person, Text
from shared.contracts.substitutions import UserId
from shared.domain.written_times import moment_of
from shared.web import Body
from shared.web.places import PlaceIn

_LEG: JsonDict = {
    "place": "Lyon",
    "starts_at": "2027-03-04T09:30",
    "ends_at": "2027-03-05T18:00",
}
_MISSION: JsonDict = {
    "title": "Signing of the collaboration with Lyon",
    "purpose": "sign-agreement",
    "agreement_id": "agreement-9f1c2ab34d5e6f708192",
    "holder": {"function": "Mayor"},
    "delegation": [{"function": "Councillor for International Relations"}],
    "legs": [_LEG],
    "schedule": True,
}


class PersonIn(Body):
    """Somebody in a public function; contact details have no place here."""

    function: Text
    name: str | None = Field(default=None, min_length=1, max_length=200)
    person_id: Id | None = None

    def person(self) -> Person:
        """The same as the agenda publishes it."""
        return Person(function=self.function, name=self.name, person_id=self.person_id)


class LegIn(Body):
    """One stay. A time without an offset is the wall-clock time at the place."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LEG]})

    place: PlaceIn
    starts_at: str = Field(max_length=40, description="ISO 8601: 2027-03-04T09:30, or with an offset")
    ends_at: str = Field(max_length=40, description="ISO 8601, after the start")

    def leg(self, field: str) -> Leg:
        """The leg with its place found and its times as moments; ``field`` names it in refusals."""
        place = self.place.place(f"{field}.place")
        starts_at, ends_at = (
            moment_of(text, place.time_zone, field=f"{field}.{name}", zone_field=f"{field}.place.time_zone")
            for name, text in (("starts_at", self.starts_at), ("ends_at", self.ends_at))
        )
        return Leg(place=place, starts_at=starts_at, ends_at=ends_at)


class LegsIn(Body):
    """Where the mission goes, in order."""

    legs: list[LegIn] = Field(min_length=1, max_length=40)

    def found(self) -> tuple[Leg, ...]:
        """The legs. Raises what ``PlaceIn.place`` and ``moment_of`` refuse."""
        return tuple(leg.leg(f"legs.{number}") for number, leg in enumerate(self.legs))


class MissionIn(LegsIn):
    """A mission that somebody proposes, or schedules at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_MISSION]})

    title: Text
    purpose: Purpose
    holder: PersonIn
    delegation: list[PersonIn] = Field(default=[], max_length=100)
    agreement_id: Id | None = Field(default=None, description="With the purpose sign-agreement: which one")
    reserved: bool = Field(default=False, description="Shown and published as busy only")
    note: LongText | None = Field(default=None, description="Stays inside the agenda")
    sample: bool = Field(default=False, description="Invented, to show the program")
    schedule: bool = Field(default=False, description="Settled at once, not only proposed")

    def plan(self) -> Plan:
        """What the domain takes. Raises what ``found`` does."""
        return Plan(
            title=self.title,
            purpose=self.purpose,
            holder=self.holder.person(),
            delegation=tuple(one.person() for one in self.delegation),
            legs=self.found(),
            agreement_id=self.agreement_id,
            reserved=self.reserved,
            note=self.note,
            sample=self.sample,
        )


class CancelIn(Body):
    """Why the mission will not take place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The host city has postponed."}]})

    reason: LongText


class CorrectIn(Body):
    """The fields that were recorded wrongly, with their right values; the others are left out.

    ``null`` empties ``agreement_id``, ``note`` and ``responsible``. Times and places are moved with
    ``reschedule``.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Signing in Lyon"}]})

    title: Text | None = None
    purpose: Purpose | None = None
    holder: PersonIn | None = None
    delegation: list[PersonIn] | None = Field(default=None, max_length=100)
    agreement_id: Id | None = None
    reserved: bool | None = None
    note: LongText | None = None
    sample: bool | None = None
    responsible: UserId | None = Field(default=None, description="Who answers for it: an opaque id")

    def correction(self) -> Correction:
        """What the domain takes: only the fields that were sent."""
        return Correction.model_validate(self.model_dump(exclude_unset=True))


class MissionOut(Mission):
    """A mission as the caller may see it, and what can be done with it now."""

    note: LongText | None = Field(default=None, description="The office's own; only for who may know")
    responsible: UserId | None = Field(default=None, description="Who answers for it; as the note")
    possible: tuple[str, ...] = Field(description="The commands that its state allows")

    @classmethod
    def of(cls, state: MissionState, *, knows_reserved: bool) -> MissionOut:
        """The whole mission for who may know of reserved ones, else its public part."""
        shown = everything(state) if knows_reserved else public(state)
        hidden = state.reserved and not knows_reserved
        return cls(
            **dict(shown),
            note=None if hidden else state.note,
            responsible=None if hidden else state.responsible,
            possible=tuple(action for action in STATES.allowed(state.status) if action != "note-signature"),
        )
