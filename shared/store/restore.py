"""A backup back into its service's database, as a new epoch.

Everything is loaded beside the present collections and then put in their place. A mark in ``meta`` keeps the
service from starting in between, so an interruption leaves a database that nobody uses, and the same command
goes on from there. Why events are treated as they are is in ADR 0008.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from shared.store.backup_file import BackupFault, Manifest, Progress
from shared.store.driver import AWAY, Client, Collection, Database, Document, DuplicateKeyError
from shared.store.presence import RESTORE, alive
from shared.store.setup import META
from shared.store.swap import load, put_in_place

_HELD_S: Final = 10.0
"""A restore that has not renewed its mark for so long was interrupted: another may go on."""
_RENEW_S: Final = 1.0
_POLL_S: Final = 0.3


class Restore:
    """The restore of one service from a backup whose file has been verified.

    ``topic_epoch`` reads the highest epoch of the last messages of the service's topic (0: none); it raises
    where Kafka cannot tell. ``others`` are the other services' databases, whose ledgers of erasures count.
    """

    def __init__(
        self,
        client: Client,
        database_name: str,
        folder: Path,
        manifest: Manifest,
        *,
        topic_epoch: Callable[[], Awaitable[int]],
        progress: Progress,
        others: Sequence[Database] = (),
    ) -> None:
        self._client = client
        self._database: Database = client[database_name]
        self._folder = folder
        self._manifest = manifest
        self._topic_epoch = topic_epoch
        self._progress = progress
        self._others = tuple(others)
        self._token = secrets.token_hex(8)

    async def run(self, wait_s: float) -> int:
        """Restore, and answer the new epoch. Waits up to ``wait_s`` seconds until nobody uses the database.

        Raises ``BackupFault``; before the first document is loaded nothing has changed then.
        """
        on_topic = await self._topic_epoch()
        mark = await self._take_mark(wait_s)
        async with self._renewing():
            if not mark.get("epoch"):
                try:
                    await self._until_nobody(wait_s)
                except BaseException:
                    await self._meta.delete_one({"_id": RESTORE, "token": self._token})
                    raise
            epoch = await self._settle_epoch(mark, on_topic)
            loaded = bool(mark.get("loaded")) and mark["sha256"] == self._manifest.sha256
            await self._note({"epoch": epoch, "sha256": self._manifest.sha256, "loaded": loaded})
            if not loaded:
                await load(self._database, self._folder, self._manifest, self._progress)
                await self._note({"loaded": True})
            await put_in_place(self._client, self._database, self._manifest, epoch, self._others)
        await self._meta.delete_one({"_id": RESTORE, "token": self._token})
        return epoch

    @property
    def _meta(self) -> Collection:
        return self._database[META]

    async def _take_mark(self, wait_s: float) -> Document:
        """The mark is ours; an interrupted restore's notes are kept in it."""
        deadline = asyncio.get_running_loop().time() + wait_s
        told = False
        while True:
            stale = {"$expr": {"$lt": ["$at", {"$subtract": ["$$NOW", int(_HELD_S * 1000)]}]}}
            ours = {"token": self._token, "by": f"{socket.gethostname()}/{os.getpid()}"}
            mark = await self._meta.find_one_and_update(
                {"_id": RESTORE, **stale}, {"$set": ours, "$currentDate": {"at": True}}
            )
            if mark is not None:
                return mark
            with suppress(DuplicateKeyError):
                # The filter names our token, so that somebody else's mark is a duplicate and stays.
                await self._meta.update_one(
                    {"_id": RESTORE, "token": self._token},
                    {"$set": ours, "$currentDate": {"at": True}},
                    upsert=True,
                )
                return {}
            if asyncio.get_running_loop().time() > deadline:
                raise BackupFault(f"Another restore of {self._manifest.service} is going on.")
            if not told:
                self._progress.tell(f"Waiting for another restore of {self._manifest.service}")
                told = True
            await asyncio.sleep(_POLL_S)

    async def _until_nobody(self, wait_s: float) -> None:
        deadline = asyncio.get_running_loop().time() + wait_s
        before: list[str] = []
        while replicas := await alive(self._database):
            if replicas != before:
                self._progress.tell(
                    f"Waiting until {self._manifest.service} has ended: {', '.join(replicas)}"
                )
                before = replicas
            if asyncio.get_running_loop().time() > deadline:
                raise BackupFault(
                    f"{self._manifest.service} is still running ({', '.join(replicas)}) after {wait_s:g} s; "
                    "nothing was changed."
                )
            await asyncio.sleep(_POLL_S)

    async def _settle_epoch(self, mark: Document, on_topic: int) -> int:
        """Above everything that was ever published; an interrupted restore keeps the epoch that it chose."""
        present = await self._meta.find_one({"_id": "epoch"})
        highest = max(self._manifest.epoch, present["epoch"] if present else 0, on_topic)
        chosen = int(mark.get("epoch") or 0)
        # Interrupted between setting the epoch and removing the mark: nobody has used it yet.
        return chosen if chosen == highest else max(highest + 1, chosen)

    async def _note(self, notes: Document) -> None:
        result = await self._meta.update_one({"_id": RESTORE, "token": self._token}, {"$set": notes})
        if not result.matched_count:
            raise BackupFault(f"Another restore of {self._manifest.service} has taken over.")

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        done = asyncio.Event()

        async def renew() -> None:
            while not done.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), _RENEW_S)
                with suppress(*AWAY):
                    await self._meta.update_one(
                        {"_id": RESTORE, "token": self._token}, {"$currentDate": {"at": True}}
                    )

        task = asyncio.create_task(renew())
        try:
            yield
        finally:
            done.set()
            await asyncio.wait([task], timeout=_RENEW_S)
            task.cancel()
