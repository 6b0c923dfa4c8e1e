"""What a service's database holds before its first command: indexes and the epoch."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from shared.store.driver import Database, IndexModel, OperationFailure, ReturnDocument

JOURNAL = "journal"
META = "meta"
ERASURES = "erasures"
"""The ledger of erasures (`shared.privacy.ledger`)."""
SCRUBS = "scrubs"
"""What erasures have taken out of other units' events."""
WAITING = "waiting"
"""The index that every collection of aggregates has: what waits in an outbox."""

_BY_TIME: Final = (("time", 1), ("subject", 1), ("epoch", 1), ("sequence", 1))


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
            # What an auditor searches, in the order of `audit_rows`.
            IndexModel([*_BY_TIME], name="moment"),
            IndexModel([("actor", 1), *_BY_TIME], name="actor"),
            IndexModel(
                [("audit.on_behalf_of", 1), *_BY_TIME],
                name="principal",
                partialFilterExpression={"audit.on_behalf_of": {"$gt": ""}},
            ),
        ]
    )
    with suppress(OperationFailure):
        # Of an older release, which begins "moment" now: it would only take space and time.
        await database.command({"dropIndexes": JOURNAL, "index": "time"})
    meta = await database[META].find_one_and_update(
        {"_id": "epoch"}, {"$setOnInsert": {"epoch": 1}}, upsert=True, return_document=ReturnDocument.AFTER
    )
    assert meta is not None  # an upsert that returns the document after it always has one
    return int(meta["epoch"])
