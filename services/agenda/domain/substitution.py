"""One person acts for another (sostituzione, delega): lent by whom it is about, within dates, and ended.

Days are the city's: the caller says which one it is now. Nobody lends what they do not have, and what was
lent is not lent on.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, computed_field

from services.agenda.domain.errors import NotLendable, NotYours, OwnSubstitute, ReasonMissing
from shared.contracts.base import FreeLongText, Id, Moment
from shared.contracts.substitutions import (
    RoleWord,
    Substitution,
    SubstitutionEnded,
    SubstitutionEvent,
    SubstitutionGranted,
    UserId,
)
from shared.domain import Change, ImpossibleValue

MOST_ROLES: Final = 20


class Terms(BaseModel):
    """What somebody says who lends their roles. ``reason`` stays inside the agenda."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    principal: UserId
    substitute: UserId
    roles: Annotated[tuple[RoleWord, ...], Field(max_length=MOST_ROLES)]
    starts_on: date
    ends_on: date
    reason: FreeLongText


class SubstitutionState(BaseModel):
    """A substitution as the agenda knows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    substitution_id: Id
    principal: UserId
    substitute: UserId
    roles: tuple[RoleWord, ...]
    starts_on: date
    ends_on: date
    reason: FreeLongText
    ended_at: Moment | None = None
    end_reason: FreeLongText | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def parties(self) -> tuple[str, str]:
        """Both people; stored, so that what concerns one of them is found by one index."""
        return self.principal, self.substitute

    def public(self) -> Substitution:
        """What events publish: without any free text."""
        return Substitution(**{name: getattr(self, name) for name in Substitution.model_fields})


def grant(
    substitution_id: str, terms: Terms, *, lendable: AbstractSet[str], today: date
) -> Change[SubstitutionState]:
    """The principal lends roles. ``lendable`` are those that the principal has and a person may have.

    Raises ``OwnSubstitute``, ``NotLendable``, ``ReasonMissing`` and ``ImpossibleValue`` for the days.
    """
    if terms.principal == terms.substitute:
        raise OwnSubstitute(field="substitute", value=terms.substitute)
    _check_roles(terms.roles, lendable)
    _check_days(terms.starts_on, terms.ends_on, today)
    if not terms.reason.strip():
        raise ReasonMissing(field="reason", value=terms.reason)
    fields = {**dict(terms), "roles": tuple(sorted(set(terms.roles)))}
    state = SubstitutionState(substitution_id=substitution_id, **fields)
    return _change(state, SubstitutionGranted)


def end(
    state: SubstitutionState, *, by: str, may_end_any: bool, reason: str | None, at: datetime, today: date
) -> Change[SubstitutionState]:
    """It is over from now on; one that is over already stays as it is.

    Raises ``NotYours`` for somebody else than the principal who may not end any.
    """
    if by != state.principal and not may_end_any:
        raise NotYours(field="substitution_id", value=state.substitution_id)
    if state.ended_at is not None or state.ends_on < today:
        return Change(state)
    ended = state.model_copy(update={"ended_at": at, "end_reason": (reason or "").strip() or None})
    return _change(ended, SubstitutionEnded)


def a_year_after(day: date) -> date:
    """The same day a year later; after a 29 February the first of March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def _check_roles(roles: tuple[str, ...], lendable: AbstractSet[str]) -> None:
    have = ", ".join(sorted(lendable)) or "—"
    if not roles:
        raise NotLendable(field="roles", value="—", have=have)
    for role in roles:
        if role not in lendable:
            raise NotLendable(field="roles", value=role, have=have)


def _check_days(starts_on: date, ends_on: date, today: date) -> None:
    if starts_on < today:
        raise ImpossibleValue(
            field="starts_on",
            value=str(starts_on),
            en=f"this is over (today is {today}); nothing is lent for the past.",
            it=f"è già trascorso (oggi è il {today}); non si delega per il passato.",
        )
    if starts_on > a_year_after(today):
        raise ImpossibleValue(
            field="starts_on",
            value=str(starts_on),
            en=f"this is more than a year from today ({today}).",
            it=f"è a più di un anno da oggi ({today}).",
        )
    if ends_on < starts_on:
        raise ImpossibleValue(
            field="ends_on",
            value=str(ends_on),
            en=f"this is before the first day ({starts_on}).",
            it=f"è prima del primo giorno ({starts_on}).",
        )
    if ends_on >= a_year_after(starts_on):
        raise ImpossibleValue(
            field="ends_on",
            value=str(ends_on),
            en=f"a substitution lasts a year at most: it ends before {a_year_after(starts_on)}.",
            it=f"una sostituzione dura al massimo un anno: termina prima del {a_year_after(starts_on)}.",
        )


def _change(state: SubstitutionState, fact: type[SubstitutionEvent]) -> Change[SubstitutionState]:
    return Change(state, (fact(substitution=state.public()),))
