"""The dashboard's read side on MongoDB: latest states and the feed, built from Kafka events.

Everything here can be thrown away and rebuilt. A state is stored with the mark of its latest event in the
same document, so an older or repeated event changes nothing. The feed takes every event once, under a unique
place, and numbers it densely, so that whoever has seen number n and asks for more misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from shared.contracts.agenda import MissionEvent
from shared.contracts.agreements import AgreementEvent
from shared.contracts.base import Contract, EventData, Unit
from shared.contracts.dossiers import CandidacyEvent
from shared.contracts.networks import MembershipEvent
from shared.messaging import Received
from shared.store.driver import DUPLICATE, BulkWriteError, Database, Document, UpdateOne

FEED = "feed"
Event = Received[EventData]


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


async def prepare_views(database: Database) -> None:
    """Make the feed's indexes: each number once, each event once (its ``_id`` is its place)."""
    await database[FEED].create_index([("number", 1)], name="number", unique=True)


class LatestStates:
    """The latest public state of every aggregate: one operation per aggregate and batch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def apply(self, events: Sequence[Event]) -> None:
        """Store the newest state of each subject in ``events``, unless a newer one is stored."""
        newest: dict[str, Event] = {}
        for event in events:
            known = newest.get(event.subject)
            if known is None or (event.epoch, event.sequence) > (known.epoch, known.sequence):
                newest[event.subject] = event
        updates: dict[str, list[UpdateOne]] = {}
        for event in newest.values():
            collection, state, _ = latest_of(event.data)
            updates.setdefault(collection, []).append(_update(event, state))
        await asyncio.gather(*(self._write(name, operations) for name, operations in updates.items()))

    async def _write(self, collection: str, operations: Sequence[UpdateOne]) -> None:
        try:
            await self._database[collection].bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            # A duplicate ``_id``: the stored mark is not below this one, so the event was seen before.
            # (Two replicas cannot race here: a subject's partition has one reader at a time.)
            if any(failure["code"] != DUPLICATE for failure in error.details["writeErrors"]):
                raise


def _update(event: Event, state: Contract) -> UpdateOne:
    return UpdateOne(
        {
            "_id": event.subject,
            "$or": [
                {"mark.epoch": {"$lt": event.epoch}},
                {"mark.epoch": event.epoch, "mark.sequence": {"$lt": event.sequence}},
            ],
        },
        {
            "$set": {
                "mark": {"epoch": event.epoch, "sequence": event.sequence},
                "state": state.model_dump(mode="json"),
                "time": event.time,
            }
        },
        upsert=True,
    )


class Feed:
    """What happened, in the order in which the dashboard took it in."""

    def __init__(self, database: Database, arrived: asyncio.Event) -> None:
        self._feed = database[FEED]
        self._arrived = arrived

    async def apply(self, events: Sequence[Event]) -> None:
        """Append those of ``events`` that are not in the feed yet."""
        entries = [_entry(event) for event in events]
        known = await self._feed.find(
            {"_id": {"$in": [entry["_id"] for entry in entries]}}, {"_id": 1}
        ).to_list()
        seen = {row["_id"] for row in known}
        waiting = [entry for entry in entries if entry["_id"] not in seen]
        while waiting:
            waiting = await self._append(waiting)
        self._arrived.set()

    async def _append(self, entries: list[Document]) -> list[Document]:
        """Insert under the next numbers; what is left was beaten to its number by another replica.

        In order and stopping at the first failure, so that no number is ever left out.
        """
        last = await self._feed.find_one({}, {"number": 1}, sort=[("number", -1)])
        start = last["number"] + 1 if last else 1
        for number, entry in enumerate(entries, start=start):
            entry["number"] = number
        try:
            await self._feed.insert_many(entries, ordered=True)
        except BulkWriteError as error:
            failure = error.details["writeErrors"][0]
            if failure["code"] != DUPLICATE:
                raise
            taken_number = "number" in failure["keyPattern"]
            # The number was taken: try the entry again. Its place was taken: another replica has it.
            return entries[failure["index"] + (0 if taken_number else 1) :]
        return []


def _entry(event: Event) -> Document:
    _, _, unit = latest_of(event.data)
    return {
        "_id": f"{event.subject}/{event.epoch}/{event.sequence}",
        "subject": event.subject,
        "epoch": event.epoch,
        "sequence": event.sequence,
        "type": event.type,
        "time": event.time,
        "recorded_at": datetime.now(UTC),
        "unit": unit.value,
        "data": event.data.model_dump(mode="json"),
    }
