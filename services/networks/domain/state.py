"""What networks keeps about a membership."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import LongText, PartialDate, Source, Text, Unit
from shared.contracts.exactly import EXACTLY
from shared.contracts.networks import DatedCount, Duty, Mandate, Membership, MembershipRole
from shared.contracts.substitutions import UserId
from shared.domain.imported import ImportedCells
from shared.domain.responsible import Answered


class MembershipState(Answered):
    """What the service keeps: the public state, and the last imported row (never published)."""

    model_config = ConfigDict(frozen=True)

    membership: Membership
    imported: ImportedCells | None = None

    def having(self, membership: Membership) -> MembershipState:
        """The same state with another public part."""
        return self.model_copy(update={"membership": membership})


class Correction(BaseModel):
    """The fields that were recorded wrongly, with their right values; a field left out stays as it is.

    Mandates, duties and counts are replaced as whole lists.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    network: Text | None = None
    network_it: Text | None = None
    unit: Unit | None = None
    role: MembershipRole | None = None
    since: PartialDate | None = None
    mandates: Annotated[tuple[Mandate, ...] | None, EXACTLY] = None
    duties: Annotated[tuple[Duty, ...] | None, EXACTLY] = None
    counts: Annotated[tuple[DatedCount, ...] | None, EXACTLY] = None
    note: LongText | None = None
    note_it: LongText | None = None
    source: Annotated[Source | None, EXACTLY] = None
    as_of: PartialDate | None = None
    responsible: UserId | None = None

    def changes(self) -> dict[str, object]:
        """The fields that were given, also those that are to be emptied."""
        return {name: getattr(self, name) for name in self.model_fields_set}
