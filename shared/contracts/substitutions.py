"""That one person acts for another: what the agenda publishes, so that every service can judge it by itself.

Both are named by the provider's opaque ids, and why one stands in for the other stays inside the agenda.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from shared.contracts.base import Contract, EventData, Id, Moment, PersonErased

UserId = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
"""The provider's opaque id of a person (the token's ``sub``): visible ASCII characters."""

RoleWord = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z-]{0,39}$")]
"""A role by the word that tokens have for it."""


class Substitution(Contract):
    """``substitute`` may act for ``principal`` with ``roles``, from the one day of the city to the other."""

    substitution_id: Id
    principal: UserId = Field(description="Who is acted for")
    substitute: UserId = Field(description="Who acts")
    roles: tuple[RoleWord, ...] = Field(description="The lent roles; an unknown word gives none")
    starts_on: date = Field(description="The first day, by the city's clocks")
    ends_on: date = Field(description="The last day, by the city's clocks")
    ended_at: Moment | None = Field(default=None, description="When it was ended early")

    def holds_on(self, day: date) -> bool:
        """Whether the substitute may act on the city's ``day``."""
        return self.ended_at is None and self.starts_on <= day <= self.ends_on


class SubstitutionEvent(EventData):
    """Every event carries the whole public state."""

    substitution: Substitution


class SubstitutionGranted(SubstitutionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.substitution.granted.v1"


class SubstitutionEnded(SubstitutionEvent):
    TYPE: ClassVar[str] = "ponte.agenda.substitution.ended.v1"


class SubstitutionPersonErased(SubstitutionEvent, PersonErased):
    """Somebody was erased from what the agenda keeps beside it; nothing that is published names anybody."""

    TYPE: ClassVar[str] = "ponte.agenda.substitution.person-erased.v1"


EVENTS: tuple[type[EventData], ...] = (SubstitutionGranted, SubstitutionEnded, SubstitutionPersonErased)
