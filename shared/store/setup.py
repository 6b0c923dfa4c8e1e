"""What a service's database holds before its first command: indexes and the epoch."""

from __future__ import annotations

from collections.abc import Iterable

from shared.store.driver import Database, IndexModel, ReturnDocument

JOURNAL = "journal"
META = "meta"
WAITING = "waiting"
"""The index that every collection of aggregates has: what waits in an outbox."""


async def prepare(database: Database, aggregates: Iterable[str]) -> int:
    """Make the indexes of the aggregates' collections and the journal; answers the service's epoch.

    The epoch is the service's generation: 1 from the start, and one higher after every restore.
    """
    for name in aggregates:
        # The relay looks for documents that have something waiting; a text is greater than "".
        await database[name].create_indexes([IndexModel([("outbox._id", 1)], name=WAITING)])
    await database[JOURNAL].create_indexes(
        [
            IndexModel([("subject", 1), ("epoch", 1), ("sequence", 1)], name="place", unique=True),
            IndexModel([("time", 1)], name="time"),
        ]
    )
    meta = await database[META].find_one_and_update(
        {"_id": "epoch"}, {"$setOnInsert": {"epoch": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    assert meta is not None  # an upsert that returns the document after it always has one
    return int(meta["epoch"])
