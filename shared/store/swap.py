"""How a restore loads a backup beside the present collections and puts it in their place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bson.raw_bson import RawBSONDocument

from shared.store.backup import LEFT_OUT, LOADING
from shared.store.backup_file import BackupFault, Manifest, Progress, read
from shared.store.driver import (
    DUPLICATE,
    BulkWriteError,
    Client,
    Database,
    Document,
    DuplicateKeyError,
    raw,
)
from shared.store.presence import RESTORE
from shared.store.setup import ERASURES, JOURNAL, META, SCRUBS, WAITING
from shared.store.trail import AUDIT_ENTRIES

_BATCH: Final = 1000
_MAJORITY: Final = {"w": "majority", "j": True}

_FRESH: Final = frozenset({RESTORE, "feed"})
"""Entries of ``meta`` that are not taken from a backup. The feed is a new one for every browser, or one that
had seen more of it than the backup holds would pass over numbers that come a second time."""
_SURVIVE: Final = (ERASURES, SCRUBS)
"""Collections that a restore adds to and never puts back: what was erased once stays erased."""


async def load(database: Database, folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Load every collection of the backup beside the present ones, complete with its indexes.

    Raises ``BackupFault`` where the file holds something else than its manifest says.
    """
    for name in await database.list_collection_names():
        if name.endswith(LOADING):
            await database[name].drop()
    loaded: dict[str, int] = {}
    aggregates: list[str] = []
    section, batch = "", list[RawBSONDocument]()
    indexes: list[Document] = []

    async def flush() -> None:
        if batch:
            await raw(database[section + LOADING]).insert_many(batch, ordered=False)
            loaded[section] += len(batch)
            progress.advance(len(batch))
            batch.clear()

    for document in read(folder, manifest.service):
        if "_id" in document:
            batch.append(document)
            if len(batch) >= _BATCH:
                await flush()
        elif "collection" in document:
            section = document["collection"]
            loaded[section] = 0
            indexes = [_plain(index) for index in document["indexes"]]
            progress.begin(f"{manifest.service} {section}", manifest.documents.get(section, 0))
            await _create(database, section + LOADING)
        else:
            await flush()
            await _make_indexes(database, section + LOADING, indexes)
            if any(index["name"] == WAITING for index in indexes):
                aggregates.append(section)
    if loaded != manifest.documents:
        raise BackupFault(f"The backup of {manifest.service} does not hold what its manifest says.")
    for name in aggregates:
        await _settle_outbox(database, name + LOADING)


async def put_in_place(
    client: Client, database: Database, manifest: Manifest, epoch: int, others: Sequence[Database] = ()
) -> None:
    """Swap, collection by collection; what was swapped before an interruption is passed over.

    What was erased since the backup stays known: from the present database, and from the ``others``, whose
    ledgers a database that was lost has to be told. The epoch comes last: until the mark is gone the service
    does not start.
    """
    present = set(await database.list_collection_names())
    for name in sorted(present):
        gone = name not in manifest.documents and name not in {*LEFT_OUT, META, AUDIT_ENTRIES, *_SURVIVE}
        if gone and not name.endswith(LOADING) and not name.startswith("system."):
            await database[name].drop()
    for name in sorted(manifest.documents):
        if name + LOADING in present and name not in {META, *_SURVIVE}:
            if name == AUDIT_ENTRIES:
                await _keep_trail(database)
            await client["admin"].command(
                {
                    "renameCollection": f"{database.name}.{name}{LOADING}",
                    "to": f"{database.name}.{name}",
                    "dropTarget": True,
                    "writeConcern": _MAJORITY,
                }
            )
    for name in _SURVIVE:
        await _union(database, name)
    for other in others:
        await _learn(database, other)
    await _put_meta(database, epoch)


async def _keep_trail(database: Database) -> None:
    """Who was refused or has read since the backup was so, whatever becomes of the records."""
    loading = raw(database[AUDIT_ENTRIES + LOADING])
    batch: list[Any] = []
    async for entry in raw(database[AUDIT_ENTRIES]).find({}, batch_size=_BATCH):
        batch.append(entry)
        if len(batch) == _BATCH:
            await _insert_new(loading, batch)
            batch.clear()
    if batch:
        await _insert_new(loading, batch)


async def _insert_new(collection: Any, documents: list[Any]) -> None:
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(fault["code"] != DUPLICATE for fault in error.details["writeErrors"]):
            raise


async def _union(database: Database, name: str) -> None:
    """The present documents stay; the backup adds those that are not there."""
    async for document in database[name + LOADING].find({}):
        await _add(database, name, document)
    await database[name + LOADING].drop()


async def _learn(database: Database, other: Database) -> None:
    """Whom another service has erased: its row says nothing about this database, which begins with it."""
    async for row in other[ERASURES].find({}):
        refused = row["state"] == "refused"
        await _add(database, ERASURES, {**row, "epoch": 0, "state": row["state"] if refused else "accepted"})


async def _add(database: Database, name: str, document: Document) -> None:
    with suppress(DuplicateKeyError):
        await database[name].insert_one(document)


async def _put_meta(database: Database, epoch: int) -> None:
    """Entry by entry, because the mark of this restore lies there too."""
    meta, kept = database[META], {RESTORE, "epoch"}
    entries = await database[META + LOADING].find({}).to_list()
    wanted = [entry for entry in entries if entry["_id"] not in _FRESH]
    for entry in wanted:
        if entry["_id"] != "epoch":
            await meta.replace_one({"_id": entry["_id"]}, entry, upsert=True)
            kept.add(entry["_id"])
    if entries:
        await meta.delete_many({"_id": {"$nin": sorted(kept)}})
    await meta.update_one({"_id": "epoch"}, {"$set": {"epoch": epoch}}, upsert=True)
    await database[META + LOADING].drop()


async def _settle_outbox(database: Database, collection: str) -> None:
    """What waits in an outbox is in the journal from the first moment, and is published in its old place.

    Nobody holds a claim of before the restore.
    """
    aggregates, journal = database[collection], database[JOURNAL + LOADING]
    await aggregates.update_many({"claim": {"$exists": True}}, {"$unset": {"claim": ""}})
    async for aggregate in aggregates.find({"outbox._id": {"$gt": ""}}, {"outbox": 1}):
        # It may have been in the journal already, and about to leave the outbox.
        await _insert_new(journal, aggregate["outbox"])


async def _create(database: Database, name: str) -> None:
    """Also a collection without documents is one."""
    await database.command({"create": name, "writeConcern": _MAJORITY})
    await asyncio.sleep(0)


async def _make_indexes(database: Database, name: str, indexes: list[Document]) -> None:
    if indexes:
        await database.command({"createIndexes": name, "indexes": indexes, "writeConcern": _MAJORITY})


def _plain(index: Any) -> Document:
    """The definition as ordinary values, keys in their order."""
    return {name: dict(value) if name == "key" else value for name, value in index.items()}
