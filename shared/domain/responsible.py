"""Who answers for a record: the officer who entered it, until it is corrected or handed over.

It is never published, only corrected events say that it changed. The ids are the provider's opaque ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import FreeLongText
from shared.contracts.substitutions import UserId
from shared.domain.change import Change
from shared.domain.corrections import corrected

FIELD = "responsible"


class Answered(BaseModel):
    """The part of a private state that tells who answers for it; null: nobody in particular.

    ``handover_reason`` is why it came to them, if it was handed over.
    """

    model_config = ConfigDict(frozen=True)

    responsible: UserId | None = None
    handover_reason: FreeLongText | None = None

    def answered_by(self, who: str | None, reason: str | None = None) -> Self:
        """The same state with somebody else who answers for it."""
        return self.model_copy(update={FIELD: who, "handover_reason": reason})


A = TypeVar("A", bound=Answered)


def answered(change: Change[A], who: str | None) -> Change[A]:
    """A new record is ``who``'s to answer for."""
    return replace(change, state=change.state.answered_by(who))


def corrected_responsible(state: A, changes: dict[str, object]) -> tuple[A, tuple[str, ...]]:
    """Take the field out of ``changes`` and carry it out: the state, and the field's name if it differs.

    Raises ``ImpossibleValue`` for what is no id.
    """
    if FIELD not in changes:
        return state, ()
    right, wrong = corrected(state, {FIELD: changes.pop(FIELD)})
    return (right.answered_by(right.responsible), wrong) if wrong else (state, ())
