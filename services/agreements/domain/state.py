"""What the register keeps about an agreement, and its table of states."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.agreements import (
    Agreement,
    AgreementKind,
    AgreementStatus,
    Counterpart,
    KindClaim,
    StatusClaim,
)
from shared.contracts.base import LongText, SourcedDate, Text
from shared.contracts.substitutions import UserId
from shared.domain import StateTable
from shared.domain.imported import ImportedCells
from shared.domain.responsible import Answered

_S = AgreementStatus

STATES: Final = StateTable[AgreementStatus](
    {
        # Another mission, or another time, may take the signing over.
        "schedule-signing": {
            _S.DRAFTED: _S.SIGNING_SCHEDULED,
            _S.SIGNING_SCHEDULED: _S.SIGNING_SCHEDULED,
        },
        "reopen-signing": {_S.SIGNING_SCHEDULED: _S.DRAFTED},
        # Papers are also signed without a mission, each side at home.
        "sign": {_S.DRAFTED: _S.SIGNED, _S.SIGNING_SCHEDULED: _S.SIGNED},
        "enter-into-force": {_S.SIGNED: _S.IN_FORCE},
        "suspend": {_S.IN_FORCE: _S.SUSPENDED},
        "resume": {_S.SUSPENDED: _S.IN_FORCE},
        "renew": {_S.IN_FORCE: _S.IN_FORCE},
        # A draft that is given up ends too; a scheduled signing is reopened first.
        "end": {
            _S.DRAFTED: _S.ENDED,
            _S.SIGNED: _S.ENDED,
            _S.IN_FORCE: _S.ENDED,
            _S.SUSPENDED: _S.ENDED,
        },
        "confirm-status": {status: status for status in AgreementStatus},
    }
)
"""Which action leads from which status to which; a new agreement is drafted, one of the past registered."""


class AgreementState(Answered):
    """The public state, and what is never published.

    ``imported`` has the cells of the last imported row; ``term_told`` the end of the term that is known to be
    over, so that it is told once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    agreement: Agreement
    imported: ImportedCells | None = None
    term_told: date | None = None

    @property
    def status(self) -> AgreementStatus:
        """Where the agreement stands."""
        return self.agreement.status.status


class Correction(BaseModel):
    """What the register said wrongly, with what is right; a field left out stays as it is.

    The id and the signing on the agenda are nobody's mistake: they follow from what happens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    kind: AgreementKind | None = None
    title: Text | None = None
    counterpart: Counterpart | None = None
    status: StatusClaim | None = None
    other_statuses: tuple[StatusClaim, ...] | None = None
    kind_claims: tuple[KindClaim, ...] | None = None
    signed: tuple[SourcedDate, ...] | None = None
    approved: tuple[SourcedDate, ...] | None = None
    renewed: tuple[SourcedDate, ...] | None = None
    term_months: int | None = Field(default=None, ge=1, le=1200)
    permanent: bool | None = None
    note: LongText | None = None
    sample: bool | None = None
    responsible: UserId | None = None

    def changes(self) -> dict[str, object]:
        """The right values by field; null only where somebody set it."""
        return {name: getattr(self, name) for name in self.model_fields_set}
