"""A service's database into one file, as it was at one moment, while the service goes on working."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from shared.store.backup_file import BackupFault, BackupWriter, Manifest, Progress
from shared.store.driver import (
    Client,
    Collection,
    Database,
    Document,
    OperationFailure,
    RawDocument,
    raw,
    snapshot,
)
from shared.store.presence import REPLICAS, RESTORE
from shared.store.setup import META

LEFT_OUT: Final = frozenset({REPLICAS, "sessions", "used_links"})
"""Never in a backup, never touched by a restore: who is alive now, who is signed in now (a session holds
tokens, and a restored one would sign somebody in who had signed out), and which sign-in links are used up."""
LOADING: Final = ".restoring"
"""The ending of the collections that a restore loads into."""

_TRIES: Final = 5
_TOO_OLD: Final = 239
# The moment cannot be read: a collection or an index was made, renamed or dropped about then
# (NamespaceNotFound, CursorNotFound, QueryPlanKilled, SnapshotUnavailable).
_MOMENT_LOST: Final = frozenset({26, 43, 175, 246})
_BATCH: Final = 1000


async def back_up(
    client: Client, database_name: str, service: str, folder: Path, progress: Progress
) -> Manifest:
    """Write the backup of one service into ``folder``, which exists.

    Raises ``BackupFault`` with one sentence, or one of ``AWAY`` where MongoDB does not answer; then no file
    has changed but ``.part`` ones.
    """
    database = client[database_name]
    if await database[META].find_one({"_id": RESTORE}) is not None:
        raise BackupFault(f"{service} is being restored; a backup is possible when the restore has finished.")
    for attempt in range(1, _TRIES + 1):
        try:
            return await _try(client, database, service, folder, progress)
        except OperationFailure as error:
            if error.code == _TOO_OLD:
                raise BackupFault(
                    f"The backup of {service} took longer than MongoDB keeps one moment: set its parameter "
                    "minSnapshotHistoryWindowInSeconds higher than 300."
                ) from error
            if error.code not in _MOMENT_LOST or attempt == _TRIES:
                raise
        await asyncio.sleep(0.2 * attempt)
    raise AssertionError("the last try returns or raises")


async def _try(
    client: Client, database: Database, service: str, folder: Path, progress: Progress
) -> Manifest:
    async with snapshot(client) as session:
        with BackupWriter(folder, service) as writer:
            # The first read fixes the moment; the list of collections comes after it, so none is missed.
            epoch = await _epoch(database[META], session)
            if epoch is None:
                raise BackupFault(f"{database.name} is not the database of a service that has ever started.")
            taken_at = (await database.command({"hello": 1}))["localTime"]
            for name in await backed_up(database):
                indexes = await indexes_of(database, name)
                progress.begin(f"{service} {name}", await _about(database, name))
                writer.begin(name, indexes)
                await _copy(database[name], session, writer, progress)
                writer.end()
            return writer.finish(epoch=epoch, taken_at=taken_at)


async def ever_started(database: Database) -> bool:
    """Whether this is the database of a service that has been started once."""
    return await database[META].find_one({"_id": "epoch"}) is not None


async def backed_up(database: Database) -> list[str]:
    """The collections that a backup holds, by name."""
    return sorted(
        name
        for name in await database.list_collection_names()
        if name not in LEFT_OUT and not name.endswith(LOADING) and not name.startswith("system.")
    )


async def indexes_of(database: Database, collection: str) -> list[Document]:
    """The definitions of the indexes that were made, without the one that every collection has."""
    answer = await database.command({"listIndexes": collection, "cursor": {"batchSize": 1000}})
    return [dict(index) for index in answer["cursor"]["firstBatch"] if index["name"] != "_id_"]


async def _epoch(meta: Collection, session: Any) -> int | None:
    async for row in raw(meta).find({"_id": "epoch"}, session=session):
        return int(row["epoch"])
    return None


async def _copy(collection: Collection, session: Any, writer: BackupWriter, progress: Progress) -> None:
    documents = 0
    async for document in raw(collection).find({}, session=session, batch_size=_BATCH):
        writer.add(_bytes(document))
        documents += 1
        if documents % _BATCH == 0:
            progress.advance(_BATCH)
            await asyncio.sleep(0)
    progress.advance(documents % _BATCH)


def _bytes(document: RawDocument) -> bytes:
    return bytes(document.raw)


async def _about(database: Database, collection: str) -> int:
    """How many documents the collection has, from its metadata: for the bar only."""
    return int((await database.command({"count": collection}))["n"])
