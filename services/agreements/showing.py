"""What the API of agreements shows."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from services.agreements.domain import STATES, AgreementState, TermState, term_of
from shared.contracts.agreements import Agreement
from shared.contracts.substitutions import UserId


class TermOut(BaseModel):
    """When the term ends; `earliest` and `latest` differ where a date is known to the year or month only."""

    model_config = ConfigDict(frozen=True)

    state: TermState
    earliest: date | None
    latest: date | None


class AgreementOut(Agreement):
    """An agreement, what can be said about its term today, and what can be done with it now."""

    term: TermOut
    responsible: UserId | None = Field(default=None, description="Who answers for it: an opaque id")
    possible: tuple[str, ...] = Field(description="The commands that its state allows")

    @classmethod
    def of(cls, state: AgreementState, today: date) -> AgreementOut:
        """What everybody who is signed in may see; ``today`` is the city's day."""
        term = term_of(state.agreement, today)
        return cls(
            **dict(state.agreement),
            responsible=state.responsible,
            term=TermOut(state=term.state, earliest=term.earliest, latest=term.latest),
            possible=(*STATES.allowed(state.status), "correct"),
        )
