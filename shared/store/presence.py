"""Who of a service is alive, and whether its database is being restored.

Every replica tells once a second, in the collection ``replicas`` and by the server's clock, that it is alive;
``ponte restore`` sets a mark in ``meta`` and waits until nobody tells so any more. A replica writes its sign
*before* it looks for the mark, and the restore its mark before it looks for signs: one of the two always sees
the other. A replica that sees the mark, or that the epoch is no longer its own, ends; a replica that starts
waits until the mark is gone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from shared.store.driver import AWAY, Database
from shared.store.setup import META

log = logging.getLogger("ponte.presence")

REPLICAS: Final = "replicas"
RESTORE: Final = "restore"
BEAT_S: Final = 1.0
ALIVE_S: Final = 10.0
"""A replica without a sign for so long is dead. One that only slept finds out at its next beat."""
_FORGOTTEN_S: Final = 3600.0


class Presence:
    """One replica's sign of life. ``ended`` is called once, with the reason, when the replica has to end."""

    def __init__(self, database: Database, service: str, ended: Callable[[str], None]) -> None:
        self._replicas = database[REPLICAS]
        self._meta = database[META]
        self._id = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}"
        self._service = service
        self._ended = ended
        self._epoch: int | None = None
        self._beats: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def enter(self, told: Callable[[str], None] = log.warning) -> None:
        """Count as alive, once no restore is going on; ``told`` learns why it waits.

        Raises one of ``AWAY`` where MongoDB does not answer.
        """
        waiting = False
        while self._beats is None:
            await self._sign()
            if await self._meta.find_one({"_id": RESTORE}) is None:
                break
            await self._replicas.delete_one({"_id": self._id})
            if not waiting:
                told(f"{self._service} waits: its database is being restored (ponte restore)")
                waiting = True
            await asyncio.sleep(BEAT_S / 2)
        old = {"$expr": {"$lt": ["$at", {"$subtract": ["$$NOW", int(_FORGOTTEN_S * 1000)]}]}}
        await self._replicas.delete_many(old)
        if self._beats is None:
            self._beats = asyncio.create_task(self._beat())

    def holds(self, epoch: int) -> None:
        """This replica works in ``epoch``: it ends when the database shows another one."""
        self._epoch = epoch

    async def stop(self) -> None:
        """The last thing of an orderly end: nothing of this replica writes any more."""
        if self._beats is None:
            return
        # Not cancelled at once: a driver may take a cancelled call for a broken connection and go on.
        self._stopping.set()
        await asyncio.wait([self._beats], timeout=BEAT_S)
        self._beats.cancel()
        self._beats = None
        gone: tuple[type[Exception], ...] = (*AWAY, TimeoutError)
        try:
            await asyncio.wait_for(self._replicas.delete_one({"_id": self._id}), 2.0)
        except gone:
            log.warning("the sign of life stays until it is old: mongodb does not answer")

    async def _sign(self) -> None:
        await self._replicas.update_one(
            {"_id": self._id}, {"$set": {"service": self._service}, "$currentDate": {"at": True}}, upsert=True
        )

    async def _beat(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._sign()
                why = await self._why_to_end()
            except AWAY as error:
                log.warning("no sign of life: %s", type(error).__name__)
                why = None
            except Exception:
                log.exception("the sign of life failed")
                why = None
            if why is not None:
                self._ended(why)
                # The sign goes on until `stop`: the restore waits for what is still being written.
                self._ended = _once
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), BEAT_S)

    async def _why_to_end(self) -> str | None:
        found = await self._meta.find({"_id": {"$in": [RESTORE, "epoch"]}}).to_list()
        rows = {row["_id"]: row for row in found}
        if RESTORE in rows:
            return f"the database of {self._service} is being restored"
        epoch = rows.get("epoch", {}).get("epoch")
        if self._epoch is not None and epoch is not None and epoch != self._epoch:
            return f"the database of {self._service} was restored: its epoch is {epoch}, not {self._epoch}"
        return None


async def alive(database: Database) -> list[str]:
    """The replicas that have given a sign of life within ``ALIVE_S``, as ``host/pid``."""
    recent = {"$expr": {"$gte": ["$at", {"$subtract": ["$$NOW", int(ALIVE_S * 1000)]}]}}
    rows = await database[REPLICAS].find(recent).to_list()
    return sorted(row["_id"].rsplit("/", 1)[0] for row in rows)


def _once(_: str) -> None:
    """The end is under way already."""
