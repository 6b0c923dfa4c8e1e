"""What the agenda keeps about a mission."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from shared.contracts.agenda import Leg, MissionStatus, Purpose, Signature
from shared.contracts.base import FreeLongText, FreeText, Id, LongText, Person, Text
from shared.contracts.substitutions import UserId
from shared.domain.imported import ImportedCells
from shared.domain.responsible import Answered


class Plan(BaseModel):
    """What somebody who proposes a mission says about it. ``note`` stays inside the agenda."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: FreeText
    purpose: Purpose
    holder: Person
    delegation: tuple[Person, ...] = ()
    legs: tuple[Leg, ...]
    agreement_id: Id | None = None
    reserved: bool = False
    note: FreeLongText | None = None
    sample: bool = False


class MissionState(Plan, Answered):
    """A mission as its own service knows it; ``imported`` are the cells of its last imported row."""

    mission_id: Id
    status: MissionStatus
    signature: Signature | None = None
    reason: FreeLongText | None = None
    imported: ImportedCells | None = None

    @property
    def starts_at(self) -> datetime:
        """The start of the first leg."""
        return self.legs[0].starts_at

    @property
    def ends_at(self) -> datetime:
        """The end of the last leg."""
        return self.legs[-1].ends_at


class Correction(BaseModel):
    """The fields that were recorded wrongly, with their right values; a field left out stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    title: Text | None = None
    purpose: Purpose | None = None
    holder: Person | None = None
    delegation: tuple[Person, ...] | None = None
    agreement_id: Id | None = None
    reserved: bool | None = None
    note: LongText | None = None
    sample: bool | None = None
    responsible: UserId | None = None

    def changes(self) -> dict[str, object]:
        """The right values by field; null only where somebody set it."""
        return {name: getattr(self, name) for name in self.model_fields_set}
