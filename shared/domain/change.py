"""What a decision of the domain yields: the new state and the facts that led there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.contracts.base import EventData

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """A new state with the events that say how it came about.

    No events means that nothing had to change: nothing is stored.
    """

    state: S
    events: tuple[EventData, ...] = ()

    def then(self, following: Change[S]) -> Change[S]:
        """This change and then ``following`` (which was decided on this one's state), as one."""
        return Change(following.state, self.events + following.events)
