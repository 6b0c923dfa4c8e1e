"""Messages set aside: kept whole, with the reason, in the consuming service's own database."""

from __future__ import annotations

from datetime import UTC, datetime

from bson import Binary

from shared.messaging.metrics import DEAD_LETTERS
from shared.messaging.record import Record
from shared.store.driver import Database, Document, DuplicateKeyError

COLLECTION = "dead_letters"


class DeadLetters:
    """The dead letters of one service."""

    def __init__(self, database: Database) -> None:
        self._collection = database[COLLECTION]

    async def put(self, record: Record, *, reason: str, error: str, attempts: int) -> None:
        """Store ``record`` with its original bytes. Raises where MongoDB is away: the runner then holds."""
        document: Document = {
            "_id": f"{record.topic}/{record.partition}/{record.offset}",
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": Binary(record.key) if record.key is not None else None,
            "value": Binary(record.value) if record.value is not None else None,
            "headers": [[name, Binary(raw)] for name, raw in record.headers],
            "reason": reason,
            "error": error[:2000],
            "attempts": attempts,
            "stored_at": datetime.now(UTC),
        }
        try:
            await self._collection.insert_one(document)
        except DuplicateKeyError:
            return  # delivered again after it was set aside
        DEAD_LETTERS.labels(reason).inc()

    async def list(self, *, limit: int = 100) -> list[Document]:
        """The latest ones first, without their bytes."""
        found = (
            self._collection.find({}, {"value": 0, "key": 0, "headers": 0}).sort("stored_at", -1).limit(limit)
        )
        return await found.to_list(length=limit)

    async def get(self, key: str) -> Document | None:
        return await self._collection.find_one({"_id": key})
