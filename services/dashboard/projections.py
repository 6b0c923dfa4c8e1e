"""The dashboard's read side on MongoDB: the latest states, built from Kafka events (`feed.py` has the feed).

Everything here can be thrown away and rebuilt (`ponte rebuild dashboard`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from shared.contracts.agenda import MissionEvent
from shared.contracts.agreements import AgreementEvent
from shared.contracts.base import Contract, EventData, Unit
from shared.contracts.dossiers import CandidacyEvent
from shared.contracts.networks import MembershipEvent
from shared.contracts.substitutions import SubstitutionEvent
from shared.messaging import Received
from shared.messaging.generations import Generation
from shared.messaging.inbox import below
from shared.store.driver import Database
from shared.store.lifting import Lift, lift

Event = Received[EventData]

COLLECTIONS = ("missions", "agreements", "memberships", "candidacies")


def latest_of(data: EventData) -> tuple[str, Contract, Unit]:
    """The collection, the public state and the unit that an event speaks of."""
    if isinstance(data, MissionEvent):
        return "missions", data.mission, Unit.CITY
    if isinstance(data, AgreementEvent):
        return "agreements", data.agreement, Unit.CITY
    if isinstance(data, MembershipEvent):
        return "memberships", data.membership, data.membership.unit
    if isinstance(data, CandidacyEvent):
        return "candidacies", data.candidacy, Unit.PARTNERSHIPS
    raise TypeError(f"no view of {type(data).__name__}")


class LatestStates:
    """A state lies with the mark of its latest event in one document: what is older changes nothing."""

    histories = False

    def __init__(self, database: Database, generation: Generation) -> None:
        self.collections = tuple(name + generation.suffix for name in COLLECTIONS)
        self._database = database
        self._suffix = generation.suffix

    async def apply(self, events: Sequence[Event]) -> None:
        """Store the newest state of each subject in ``events``, unless a newer one is stored."""
        newest: dict[str, Event] = {}
        for event in events:
            if isinstance(event.data, SubstitutionEvent):
                continue  # a view of its own has it (`shared.acting`)
            known = newest.get(event.subject)
            if known is None or event.place > known.place:
                newest[event.subject] = event
        rows: dict[str, list[tuple[Event, Contract]]] = {}
        for event in newest.values():
            collection, state, _ = latest_of(event.data)
            rows.setdefault(collection + self._suffix, []).append((event, state))
        await asyncio.gather(*(self._write(name, states) for name, states in rows.items()))

    async def _write(self, collection: str, states: Sequence[tuple[Event, Contract]]) -> None:
        await lift(self._database[collection], [_lift(event, state) for event, state in states])


def _lift(event: Event, state: Contract) -> Lift:
    mark = {"epoch": event.epoch, "sequence": event.sequence}
    return Lift(
        event.subject,
        below(event.place, "mark."),
        {"mark": mark, "state": state.model_dump(mode="json"), "time": event.time},
    )
