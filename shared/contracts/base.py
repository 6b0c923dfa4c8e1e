"""What every published model has in common.

A reader ignores fields that it does not know, so that an owner may add optional ones; an owner never
removes or narrows a field of a version (``tools/checks`` compares with the committed JSON Schemas).
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from shared.contracts.partial_dates import parse_partial_date


class Contract(BaseModel):
    """A frozen published value."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


class EventData(Contract):
    """The body of one event. ``TYPE`` is its CloudEvents type, the public name of the fact."""

    TYPE: ClassVar[str]


class Personal:
    """Marks a string field as a person's datum: kept apart from the hash chain and erasable.

    Only names in a public function may stand in an event; contact details never do. ``datum`` is a word of
    ``shared.privacy.declared.Datum``. On what basis, of whom and for how long depends on the record that it
    stands in: the activity that the record's service declares (``services/UNIT/privacy.py``).
    """

    def __init__(self, purpose: str, *, datum: str = "name") -> None:
        self.purpose = purpose
        self.datum = datum


class MayName:
    """Marks free text, in which somebody may be named although nothing asks for a name.

    It is kept apart and erasable like a personal value; where it was erased, readers find ``ERASED_TEXT``.
    """


ERASED_TEXT = "[…]"
"""What stands for free text that was erased, also where a text is required."""


@lru_cache(maxsize=8192)
def _utc_text(moment: datetime) -> str:
    """Remembered: the events of one subject tell the same few moments again and again."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[AwareDatetime, PlainSerializer(_utc_text, return_type=str, when_used="json")]
"""A point in time; stored and published in UTC with milliseconds, so that its texts sort by time."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=300)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
FreeText = Annotated[Text, MayName()]
"""What somebody writes in their own words: a title, a function, what a source says."""
FreeLongText = Annotated[LongText, MayName()]
"""The same at length: a note, a reason."""
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


def _valid_partial_date(text: str) -> str:
    try:
        parse_partial_date(text)
    except ValueError as error:
        # A type of its own, so that an API can say it in the caller's language.
        raise PydanticCustomError("partial_date", "{why}", {"why": str(error)}) from None
    return text


PartialDate = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$"),
    AfterValidator(_valid_partial_date),
]
"""A date as precise as its source: ``1973``, ``1973-04`` or ``1973-04-12``. Never made more precise."""


class SourceKind(StrEnum):
    """How near a source is to the fact."""

    OFFICIAL = "official"  # the city's own act or page
    COUNTERPART = "counterpart"  # the other side's act or page
    SECONDARY = "secondary"  # somebody else who quotes it
    OFFICE = "office"  # entered by an officer of the Area


class Source(Contract):
    """Where something was seen, so that a reader can weigh it."""

    title: FreeText
    kind: SourceKind


class SourcedDate(Contract):
    """One side's or one source's date for a fact; differing ones are kept side by side."""

    date: PartialDate
    source: Source


class Place(Contract):
    """A city of the gazetteer, or one that the office described itself."""

    city: Text = Field(description="Name in English")
    city_it: Text = Field(description="Name in Italian")
    country: Country = Field(description="ISO 3166-1 alpha-2")
    time_zone: Text = Field(description="IANA name, such as Europe/Rome")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


PersonName = Annotated[str | None, Personal("acts in a public function"), Field(default=None, max_length=200)]
PersonId = Annotated[Id | None, Personal("one person, however the name is written", datum="person-id")]


class Person(Contract):
    """Somebody in a public function. ``name`` is null where unknown, unpublished or erased."""

    person_id: PersonId = None
    name: PersonName = None
    function: FreeText


class Unit(StrEnum):
    """The three units of the Area."""

    CITY = "city"
    EUROPEAN = "european"
    PARTNERSHIPS = "partnerships"


class Scrubbed(Contract):
    """A value in an earlier event of the same subject that is gone: null, or "[…]" where it was free text."""

    epoch: int = Field(ge=1)
    sequence: int = Field(ge=1)
    path: str = Field(max_length=300, description="In the event's data, such as mission.delegation.0.name")


class PersonErased(EventData):
    """What somebody's erasure took from a subject, without saying who it was.

    Whoever keeps an earlier event of the subject takes these values out of it, in every copy.
    """

    erasure_id: Id
    scrubbed: tuple[Scrubbed, ...] = ()
