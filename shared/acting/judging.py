"""What a caller may do who acts for somebody: what was lent, as long as it is lent, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date

from shared.acting.errors import (
    HEADER,
    ActingUnknown,
    LendingEnded,
    MayNotAct,
    NoLongerLent,
    NoRoleActing,
    NotLent,
    NotLentYet,
    ProgramActing,
)
from shared.acting.view import Found
from shared.contracts.substitutions import Substitution
from shared.identity.rights import PEOPLE
from shared.identity.roles import Identity, Role
from shared.places.today import CityDay


def acting_for(who: Identity, principal: str, lent: Sequence[Substitution], today: date) -> Identity:
    """``who`` as somebody who acts for ``principal`` on the city's day ``today``.

    The roles are those that were lent, and none of ``who``'s own. Several substitutions of the same two
    people hold side by side. Raises ``MayNotAct``, saying why.
    """
    if Role.INTEGRATION in who.roles:
        raise ProgramActing(field=HEADER, value=principal)
    if not who.roles:
        raise NoRoleActing(field=HEADER, value=principal)
    ours = [one for one in lent if (one.principal, one.substitute) == (principal, who.subject)]
    words = {role for one in ours if one.holds_on(today) for role in one.roles}
    if not words:
        raise _why(principal, ours, today)
    # A word that is no role of this release gives none.
    roles = frozenset(role for role in PEOPLE if role in words)
    return replace(who, roles=roles, scopes=frozenset(), on_behalf_of=principal)


def _why(principal: str, ours: Sequence[Substitution], today: date) -> MayNotAct:
    """The nearest reason: what is about to begin, then the latest that is over."""
    coming = [one.starts_on for one in ours if one.ended_at is None and one.starts_on > today]
    if coming:
        return NotLentYet(field=HEADER, value=principal, day=min(coming))
    if not ours:
        return NotLent(field=HEADER, value=principal)
    last = max(ours, key=lambda one: one.ends_on)
    if last.ended_at is not None:
        at = last.ended_at.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
        return LendingEnded(field=HEADER, value=principal, at=at)
    return NoLongerLent(field=HEADER, value=principal, day=last.ends_on)


class Acting:
    """Judges requests that act for somebody, for one service.

    ``unheard`` names what keeps the service from hearing of the agenda's events: while there is anything, an
    end may be unknown here, and nobody acts for another.
    """

    def __init__(self, find: Found, days: CityDay, unheard: Callable[[], Sequence[str]] = lambda: ()) -> None:
        self._find = find
        self._days = days
        self._unheard = unheard

    async def __call__(self, who: Identity, principal: str) -> Identity:
        """``who`` acting for ``principal``. Raises ``MayNotAct``, and ``ActingUnknown`` as a 503."""
        if Role.INTEGRATION in who.roles or not who.roles:
            return acting_for(who, principal, (), self._days.today())
        if problems := self._unheard():
            raise ActingUnknown(field=HEADER, value=principal, why="; ".join(problems))
        return acting_for(who, principal, await self._find(principal, who.subject), self._days.today())
