"""Documents that only ever rise: upserted where none is there, and left alone where a higher one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.store.driver import DUPLICATE, BulkWriteError, Collection, Document, UpdateOne
from shared.store.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Lift:
    """``fields`` of the document ``key``, to be set if it is not there or matches ``lower``."""

    key: str
    lower: Document
    fields: Document

    def operation(self, *, upsert: bool) -> UpdateOne:
        """The write; without ``upsert`` it only raises what is there."""
        return UpdateOne({"_id": self.key, **self.lower}, {"$set": self.fields}, upsert=upsert)


async def lift(collection: Collection, lifts: Sequence[Lift]) -> None:
    """Carry out ``lifts``; afterwards each document is at least as high. Majority, with journal.

    Raises ``Unavailable`` where the majority did not acknowledge, and what the driver raises.
    """
    if not lifts:
        return
    try:
        await collection.bulk_write([each.operation(upsert=True) for each in lifts], ordered=False)
    except BulkWriteError as error:
        # The ``_id`` is there: as high already, or another replica made it, lower, at this very moment
        # (mongod does not try such an upsert again by itself). Once more tells, for now it exists.
        again = [lifts[index].operation(upsert=False) for index in only_duplicates(error)]
        await collection.bulk_write(again, ordered=False)


def only_duplicates(error: BulkWriteError) -> list[int]:
    """The indexes of the operations that met a duplicate key.

    Raises ``Unavailable`` where the write was not acknowledged by the majority, else ``error`` itself where
    anything but a duplicate was refused.
    """
    failures = error.details["writeErrors"]
    if any(failure["code"] != DUPLICATE for failure in failures):
        raise error
    if error.details.get("writeConcernErrors"):
        raise Unavailable(field="mongodb", value="") from error
    return [int(failure["index"]) for failure in failures]
