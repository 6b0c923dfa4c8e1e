"""State tables as data: which action leads from which state to which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from shared.domain.errors import ForbiddenTransition

E = TypeVar("E", bound=StrEnum)


class StateTable(Generic[E]):
    """``{action: {from: to}}``; an officer can read the table aloud, a page can offer what it allows."""

    def __init__(self, transitions: Mapping[str, Mapping[E, E]]) -> None:
        self.transitions = transitions

    def after(self, action: str, current: E, *, field: str = "status") -> E:
        """The state that ``action`` leads to from ``current``.

        Raises ``ForbiddenTransition`` naming the state and what is possible instead.
        """
        target = self.transitions[action].get(current)
        if target is None:
            allowed = ", ".join(self.allowed(current)) or "—"
            raise ForbiddenTransition(field=field, value=current.value, action=action, allowed=allowed)
        return target

    def allowed(self, current: E) -> tuple[str, ...]:
        """The actions that are possible from ``current``, in the table's order."""
        return tuple(action for action, steps in self.transitions.items() if current in steps)
