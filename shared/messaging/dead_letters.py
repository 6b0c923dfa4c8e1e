"""Messages set aside: kept whole, with the reason, in the consuming service's own database.

``dead_letters`` holds messages that cannot be used; ``parked`` holds sound ones whose reaction waits behind a
dead letter of their subject.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from shared.contracts.base import EventData
from shared.messaging.envelope import Received
from shared.messaging.erased_letters import LetterErasing, was
from shared.messaging.letter_copies import Copies, Copy
from shared.messaging.letters import (
    REPLAY,
    REQUEUED,
    LetterStatus,
    clean,
    letter_id,
    place_of,
    raw_parts,
    same_message,
    second_id,
    told,
)
from shared.messaging.metrics import DEAD_LETTERS
from shared.messaging.record import Record
from shared.store.driver import Database, Document, DuplicateKeyError, IndexModel

COLLECTION = "dead_letters"
PARKED = "parked"
_NO_BYTES = {"value": 0, "key": 0, "headers": 0}


class DeadLetters:
    """The dead letters of one service.

    ``copy`` sends a message to the topic ``ponte.dead-letters``; between ``start()`` and ``stop()`` every new
    letter is copied in the background, as well as it goes.
    """

    def __init__(self, database: Database, *, service: str = "", copy: Copy | None = None) -> None:
        self._letters = database[COLLECTION]
        self._parked = database[PARKED]
        self._erasing = LetterErasing(database, self._letters, self._parked)
        self._copies = Copies(self._letters, service, copy)

    async def prepare(self) -> None:
        """Make the indexes. Called once at the start of the service."""
        await self._letters.create_indexes(
            [
                IndexModel([("status", 1), ("stored_at", -1)], name="status"),
                IndexModel([("stored_at", -1)], name="stored"),
                IndexModel([("subject", 1), ("epoch", 1), ("sequence", 1)], name="place"),
            ]
        )
        await self._parked.create_indexes(
            [IndexModel([("subject", 1), ("epoch", 1), ("sequence", 1)], name="place", unique=True)]
        )
        await self._erasing.prepare()

    async def start(self) -> None:
        """Begin to copy to the topic and to count the open letters for the metric."""
        await self._copies.start()

    async def stop(self) -> None:
        await self._copies.stop()

    async def put(self, record: Record, *, reason: str, error: str, attempts: int) -> None:
        """Store ``record`` with its original bytes. Raises where MongoDB is away: the runner then holds.

        ``reason`` is a stable word, ``error`` tells more. A message that an operator has requeued makes no
        second letter: the first is open again, with one attempt more.
        """
        if await self._failed_again(record, reason, error):
            DEAD_LETTERS.labels(reason).inc()
            return
        document: Document = {
            "_id": letter_id(record),
            **raw_parts(record),
            **place_of(record),
            "reason": reason,
            "error": clean(error),
            "attempts": attempts,
            "stored_at": datetime.now(UTC),
            "status": LetterStatus.OPEN,
        }
        if not await self._insert(document, record):
            return
        DEAD_LETTERS.labels(reason).inc()
        if not await self._erasing.late(document):
            self._copies.offer(document["_id"])

    async def narrow(self, events: Sequence[Received[EventData]]) -> None:
        """Take out of what was set aside what the erasures among ``events`` tell, and note it for later."""
        await self._erasing.narrow(events)

    async def _insert(self, document: Document, record: Record) -> bool:
        """Whether the letter is new; delivered again after it was set aside, it is not."""
        try:
            await self._letters.insert_one(document)
            return True
        except DuplicateKeyError:
            there = await self._letters.find_one({"_id": document["_id"]})
        if there is None or same_message(there, record) or await asyncio.to_thread(was, there, record):
            return False
        # The topic was made anew and another message lies where one lay before: neither may disappear.
        document["_id"] = second_id(record)
        try:
            await self._letters.insert_one(document)
            return True
        except DuplicateKeyError:
            return False

    async def _failed_again(self, record: Record, reason: str, error: str) -> bool:
        """Whether it was a letter's own message, come back: then the letter knows of this failure now."""
        there = await self._original(record)
        if there is None or not same_message(there, record):
            return False  # whatever claims to be a letter's message is kept for itself
        # Its own place in the replay topic tells this try from its repeated delivery.
        await self._letters.update_one(
            {"_id": there["_id"], "tries": {"$ne": letter_id(record)}},
            {
                "$set": {
                    "status": LetterStatus.OPEN,
                    "reason": reason,
                    "error": clean(error),
                    "failed_at": datetime.now(UTC),
                },
                "$unset": {"resolved_at": ""},
                "$inc": {"attempts": 1},
                "$push": {"tries": {"$each": [letter_id(record)], "$slice": -20}},
            },
        )
        return True

    async def _original(self, record: Record) -> Document | None:
        """The letter whose message an operator's requeue or an owner's replay has brought once more."""
        headers = told(record)
        if headers.get(REQUEUED):
            return await self._letters.find_one({"_id": clean(headers[REQUEUED])})
        place = place_of(record)
        if not headers.get(REPLAY) or not {"subject", "epoch", "sequence"} <= place.keys():
            return None
        return await self._letters.find_one({**place, "status": LetterStatus.OPEN})

    async def park(self, record: Record, place: tuple[str, int, int]) -> None:
        """Keep a sound message whose reaction waits; ``place`` is its subject, epoch and sequence."""
        subject, epoch, sequence = place
        document: Document = {
            "_id": f"{subject}/{epoch}/{sequence}",
            "subject": subject,
            "epoch": epoch,
            "sequence": sequence,
            **raw_parts(record),
            "stored_at": datetime.now(UTC),
        }
        try:
            await self._parked.insert_one(document)
        except DuplicateKeyError:
            return  # it waits there already

    async def waiting(
        self, subject: str, above: tuple[int, int] = (0, 0), *, limit: int = 100
    ) -> list[Document]:
        """What waits of ``subject`` after the place ``above`` (epoch, sequence), in order.

        ``letters.record_of`` makes the message of one of them.
        """
        epoch, sequence = above
        found = (
            self._parked.find(
                {
                    "subject": subject,
                    "$or": [{"epoch": {"$gt": epoch}}, {"epoch": epoch, "sequence": {"$gt": sequence}}],
                }
            )
            .sort([("epoch", 1), ("sequence", 1)])
            .limit(limit)
        )
        return await found.to_list(length=limit)

    async def release(self, ids: Sequence[str]) -> None:
        """What was carried out waits no longer."""
        if ids:
            await self._parked.delete_many({"_id": {"$in": list(ids)}})

    async def resolve(self, key: str) -> None:
        """A requeued letter went through."""
        await self._close({"_id": key})

    async def resolve_place(self, subject: str, epoch: int, sequence: int) -> None:
        """The event of this place went through in another way, such as a replay that brought it again."""
        await self._close({"subject": subject, "epoch": epoch, "sequence": sequence})

    async def _close(self, which: Document) -> None:
        await self._letters.update_many(
            {**which, "status": {"$in": [LetterStatus.OPEN, LetterStatus.REQUEUED]}},
            {"$set": {"status": LetterStatus.RESOLVED, "resolved_at": datetime.now(UTC)}},
        )

    async def requeued(self, letter: Document) -> None:
        """The letter's message is on its way to its reader once more.

        ``letter`` is what was read before it was sent: if its reader has answered since, the answer stays.
        """
        await self._letters.update_one(
            {"_id": letter["_id"], "status": letter["status"], "attempts": letter["attempts"]},
            {
                "$set": {"status": LetterStatus.REQUEUED, "requeued_at": datetime.now(UTC)},
                "$unset": {"resolved_at": ""},
            },
        )

    async def discard(self, key: str, why: str) -> None:
        """The letter can never be used; its bytes are kept."""
        await self._letters.update_one(
            {"_id": key, "status": {"$ne": LetterStatus.RESOLVED}},
            {
                "$set": {
                    "status": LetterStatus.DISCARDED,
                    "resolved_at": datetime.now(UTC),
                    "why": clean(why),
                }
            },
        )

    async def list(self, where: Document | None = None, *, limit: int = 100) -> list[Document]:
        """The latest ones first, without their bytes; ``where`` is a filter of ``letters.which``."""
        found = self._letters.find(where or {}, _NO_BYTES).sort("stored_at", -1).limit(limit)
        return await found.to_list(length=limit)

    async def count(self, where: Document | None = None) -> int:
        return await self._letters.count_documents(where or {})

    async def get(self, key: str) -> Document | None:
        return await self._letters.find_one({"_id": key})


def which(
    *,
    reason: str | None = None,
    topic: str | None = None,
    subject: str | None = None,
    status: Sequence[LetterStatus] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> Document:
    """The filter of ``list`` and ``count``; ``since`` and ``until`` are when it was stored, both included."""
    where: dict[str, Any] = {
        name: value
        for name, value in (("reason", reason), ("topic", topic), ("subject", subject))
        if value is not None
    }
    if status:
        where["status"] = {"$in": list(status)}
    bounds = {name: at for name, at in (("$gte", since), ("$lte", until)) if at is not None}
    if bounds:
        where["stored_at"] = bounds
    return where
