"""Documents of an older shape are written anew in the background, while commands go on.

What is written is what a reader would have read anyway, so neither the version nor the events change. The
filter names the version and the shape that were read: a command that was quicker has written the new shape
itself, and one that comes later replaces the state as a whole.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final, Generic, TypeVar

from prometheus_client import Gauge
from pydantic import BaseModel

from shared.store.driver import AWAY, Collection, Document, UpdateOne
from shared.store.schema import Schema

log = logging.getLogger("ponte.migrations")

S = TypeVar("S", bound=BaseModel)

LEFT = Gauge(
    "ponte_documents_to_migrate", "Documents that are still stored in an older shape", ["collection"]
)
_BATCH: Final = 200
_PAUSE_S: Final = 0.05
"""Between two batches, so that commands notice nothing."""
_AWAY_S: Final = 1.0


class Migration(Generic[S]):
    """Brings one collection of aggregates to the present shape. Several replicas may do so at once."""

    def __init__(self, collection: Collection, schema: Schema[S]) -> None:
        self._collection = collection
        self._schema = schema
        self._left = LEFT.labels(collection.name)
        self._after = ""
        self._waiting: int | None = None

    async def run(self) -> None:
        """Once through the collection, by id; what cannot be read stays, is logged, and holds up nobody."""
        while True:
            try:
                if not await self._batch():
                    return
            except AWAY as error:
                log.warning("the migration of %s waits: %s", self._collection.name, type(error).__name__)
                await asyncio.sleep(_AWAY_S)
            else:
                await asyncio.sleep(_PAUSE_S)

    async def _batch(self) -> bool:
        """Write the next documents anew; false when there are none left."""
        older: Document = {"schema_version": {"$lt": self._schema.version}}
        if self._waiting is None:
            self._waiting = await self._collection.count_documents(older)
        self._left.set(self._waiting)
        found = self._collection.find(
            {**older, "_id": {"$gt": self._after}}, {"state": 1, "version": 1, "schema_version": 1}
        )
        rows = await found.sort("_id", 1).limit(_BATCH).to_list()
        if not rows:
            return False
        updates = [update for row in rows if (update := self._update(row)) is not None]
        if updates:
            await self._collection.bulk_write(updates, ordered=False)
        self._after = rows[-1]["_id"]
        self._waiting -= len(updates)
        return True

    def _update(self, row: Document) -> UpdateOne | None:
        where = {name: row[name] for name in ("_id", "version", "schema_version")}
        try:
            state = self._schema.read(row)
        except Exception:
            log.exception("%s of %s cannot be brought to the new shape", row["_id"], self._collection.name)
            return None
        new = {"state": state.model_dump(mode="json"), "schema_version": self._schema.version}
        return UpdateOne(where, {"$set": new})
