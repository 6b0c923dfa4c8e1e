"""The substitutions that the agenda has told of, beside whatever else a service keeps.

Most events of the agenda are missions, which this view passes over without a look into MongoDB.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from shared.contracts.base import EventData
from shared.contracts.substitutions import Substitution, SubstitutionEvent
from shared.messaging import Received
from shared.messaging.generations import Generation, live_generation
from shared.messaging.inbox import below
from shared.store.driver import Collection, Database
from shared.store.lifting import Lift, lift

SUBSTITUTIONS: Final = "substitutions"
"""The view's collection, and the agenda's own: in both a substitution lies under ``state``."""

MOST: Final = 200
"""So many of the same two people are looked at, the one that lasts longest first."""

Found = Callable[[str, str], Awaitable[list[Substitution]]]
"""What a principal has ever lent to a substitute, in that order, also what is over."""


class SubstitutionsView:
    """The latest state of every substitution, with its mark in one document."""

    histories = False
    aggregates = (SUBSTITUTIONS,)

    def __init__(self, database: Database, generation: Generation) -> None:
        self.collections = (SUBSTITUTIONS + generation.suffix,)
        self._collection = database[self.collections[0]]

    async def prepare(self) -> None:
        """Make the index by which a request is judged."""
        await self._collection.create_index([("state.substitute", 1), ("state.principal", 1)], name="between")

    async def apply(self, events: Sequence[Received[EventData]]) -> None:
        """Store the newest state of each substitution in ``events``, unless a newer one is stored."""
        newest: dict[str, Lift] = {}
        for event in sorted(events, key=lambda one: one.place):
            if isinstance(event.data, SubstitutionEvent):
                newest[event.subject] = _lift(event, event.data.substitution)
        await lift(self._collection, list(newest.values()))


def viewed(database: Callable[[], Database]) -> Found:
    """Looks into the live generation of the view; ``database`` is asked at every request."""

    async def find(principal: str, substitute: str) -> list[Substitution]:
        generation = await live_generation(database())
        return await _between(database()[SUBSTITUTIONS + generation.suffix], principal, substitute)

    return find


def owned(database: Callable[[], Database]) -> Found:
    """Looks into the agenda's own substitutions: what was ended a moment ago holds no more."""

    async def find(principal: str, substitute: str) -> list[Substitution]:
        return await _between(database()[SUBSTITUTIONS], principal, substitute)

    return find


async def _between(collection: Collection, principal: str, substitute: str) -> list[Substitution]:
    where = {"state.substitute": substitute, "state.principal": principal}
    rows = await collection.find(where, {"state": 1}).sort("state.ends_on", -1).limit(MOST).to_list(MOST)
    return [Substitution.model_validate(row["state"]) for row in rows]


def _lift(event: Received[EventData], state: Substitution) -> Lift:
    return Lift(
        event.subject,
        below(event.place, "mark."),
        {
            "mark": {"epoch": event.epoch, "sequence": event.sequence},
            "state": state.model_dump(mode="json"),
        },
    )
