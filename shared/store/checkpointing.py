"""An owner's checkpoints: when one is due, which heads belong into it, and how it is written."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from prometheus_client import Gauge

from shared.store.checkpoints import CHECKPOINTED, CHECKPOINTS, Head, Signer, make_checkpoint
from shared.store.driver import (
    AWAY,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    UpdateOne,
    settled,
)
from shared.store.lease import Lease
from shared.store.setup import META
from shared.store.trail import AUDIT_ENTRIES, heads

log = logging.getLogger("ponte.checkpoints")

LOOK_S: Final = 60.0
"""How often a replica looks whether a checkpoint is due."""
LEASE_S: Final = 30.0
STOP_S: Final = 3.0
"""What a stop gives to the last checkpoint; what it does not reach is noted by the next one."""
PAGE: Final = 500
PAUSE_S: Final = 0.1
"""After a page of aggregates: 5000 a second at most."""
HEADS_EACH: Final = 5000
"""A checkpoint with so many heads, half a megabyte, is closed; the next one goes on."""

AGE: Final = Gauge(
    "ponte_audit_checkpoint_age_seconds",
    "Since the last checkpoint; before the first one, since the service began to look",
)
INTERVAL: Final = Gauge("ponte_audit_checkpoint_interval_seconds", "How long it is meant to take at most")

_GONE: Final[tuple[type[Exception], ...]] = (*AWAY, TimeoutError)


@dataclass(frozen=True, slots=True)
class Auditing:
    """How an owner's journal is secured: ``every`` so long, signed by ``signer`` (null: not signed)."""

    every: timedelta
    signer: Signer | None


class _Overtaken(Exception):
    """Another replica has written a checkpoint meanwhile: it is the one that does."""


class Checkpoints:
    """Writes the checkpoints of one owner.

    A checkpoint is one insert under its number: it is there whole or not at all. Two replicas that both think
    it is theirs cannot both write the same number; the slower one gives up.
    """

    def __init__(
        self, database: Database, aggregates: Sequence[str], *, service: str, epoch: int, auditing: Auditing
    ) -> None:
        self._database = database
        self._aggregates = tuple(aggregates)
        self._service = service
        self._epoch = epoch
        self._auditing = auditing
        self._checkpoints = database[CHECKPOINTS]
        self._checkpointed = database[CHECKPOINTED]
        self._lease = Lease(database[META], CHECKPOINTS)
        self._began: datetime | None = None
        self._stood = time.monotonic()
        """When, by this process's clock, the last checkpoint that it knows of was written."""
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the index and begin to look. Raises where MongoDB is away."""
        await self._checkpointed.create_indexes([IndexModel([("number", 1)], name="number")])
        if self._auditing.signer is None:
            log.warning("checkpoints of %s are not signed: PONTE_AUDIT_KEY_FILE is not set", self._service)
        INTERVAL.set(self._auditing.every.total_seconds())
        # Told by the clock: where MongoDB is away nobody looks, and the age grows.
        AGE.set_function(lambda: time.monotonic() - self._stood)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Note what has changed since the last checkpoint, within ``STOP_S``."""
        if self._task is None:
            return
        self._stopping.set()
        # Not cancelled at once: a driver may take a cancelled call for a broken connection and go on.
        await asyncio.wait([self._task], timeout=1.0)
        self._task.cancel()
        try:
            async with asyncio.timeout(STOP_S):
                await self.write(pause=0.0)
                await self._lease.give_back()
        except _GONE as error:
            log.warning("no checkpoint at the end: %s", type(error).__name__)
        except Exception:
            log.exception("no checkpoint at the end")

    async def write(self, *, pause: float = PAUSE_S, though_empty: bool = False) -> int:
        """Write what has changed, in as many checkpoints as it takes; how many heads were noted.

        ``though_empty``: also where nothing has. Raises where MongoDB is away.
        """
        if not await self._lease.held(LEASE_S):
            return 0
        # A number's digest is all that the next one needs.
        last = await self._last()
        changed: list[Head] = []
        noted = subjects = 0
        try:
            async for looked, heads in self._pages(pause):
                subjects += looked
                changed += heads
                if len(changed) >= HEADS_EACH:
                    last = await self._store(changed, subjects, last)
                    noted, subjects, changed = noted + len(changed), 0, []
                    if not await self._lease.held(LEASE_S):
                        return noted
            if changed or (though_empty and not noted):
                await self._store(changed, subjects, last)
                noted += len(changed)
        except _Overtaken:
            log.info("another replica writes the checkpoints of %s", self._service)
        return noted

    async def poll(self) -> bool:
        """Write a checkpoint if one is due by the server's clock; whether it was."""
        age = await self._age()
        if age < self._auditing.every:
            return False
        await self.write(though_empty=True)
        await self._age()
        return True

    async def _age(self) -> timedelta:
        """Of the last checkpoint, whichever replica wrote it; without one, since this one began to look."""
        now, last = await self._now(), await self._last()
        self._began = self._began or now
        age = now - (datetime.fromisoformat(last["time"]) if last else self._began)
        self._stood = time.monotonic() - age.total_seconds()
        return age

    async def _pages(self, pause: float) -> AsyncIterator[tuple[int, list[Head]]]:
        """How many aggregates and chains of the trail were looked at, and the heads that have changed."""
        fields = {"epoch": 1, "sequence": 1, "head_hash": 1}
        page: list[Head] = []
        for name in self._aggregates:
            after = ""
            while True:
                found = settled(self._database[name]).find({"_id": {"$gt": after}}, fields)
                rows = await found.sort("_id", 1).limit(PAGE).to_list(length=PAGE)
                page = [
                    (row["_id"], row["epoch"], row["sequence"], row["head_hash"])
                    for row in rows
                    if row["sequence"]
                ]
                yield len(rows), await self._changed(page)
                if len(rows) < PAGE:
                    break
                after = rows[-1]["_id"]
                await asyncio.sleep(pause)
        page = []
        async for head in heads(settled(self._database[AUDIT_ENTRIES])):
            page.append(head)
            if len(page) == PAGE:
                yield len(page), await self._changed(page)
                page = []
                await asyncio.sleep(pause)
        yield len(page), await self._changed(page)

    async def _changed(self, heads: Sequence[Head]) -> list[Head]:
        known = {
            row["_id"]: tuple(row["head"])
            for row in await self._checkpointed.find({"_id": {"$in": [head[0] for head in heads]}}).to_list()
        }
        changed = [head for head in heads if known.get(head[0]) != head[1:]]
        for subject, epoch, sequence, _ in changed:
            before = known.get(subject)
            if before is not None and (epoch, sequence) <= before[:2]:
                log.error(
                    "%s stands at %s/%s, but was at %s/%s in a checkpoint: run `ponte check --audit`",
                    *(subject, epoch, sequence, *before[:2]),
                )
        return changed

    async def _store(self, heads: Sequence[Head], subjects: int, last: Document | None) -> Document:
        made = make_checkpoint(
            heads,
            service=self._service,
            time=(await self._now()).isoformat(timespec="milliseconds"),
            epoch=self._epoch,
            subjects=subjects,
            last=last,
            signer=self._auditing.signer,
        )
        try:
            await self._checkpoints.insert_one(dict(made))
        except DuplicateKeyError:
            raise _Overtaken from None
        # An interruption here has these heads noted once more: harmless.
        updates = [
            UpdateOne(
                {"_id": head[0]}, {"$set": {"head": list(head[1:]), "number": made["_id"]}}, upsert=True
            )
            for head in heads
        ]
        if updates:
            await self._checkpointed.bulk_write(updates, ordered=False)
        return made

    async def _last(self) -> Document | None:
        return await self._checkpoints.find_one({}, {"heads": 0}, sort=[("_id", -1)])

    async def _now(self) -> datetime:
        now: datetime = (await self._database.command({"hello": 1}))["localTime"]
        # An answer to a command is in UTC and, whatever the client's settings, may not say so.
        return now.replace(tzinfo=UTC)

    async def _run(self) -> None:
        look = min(LOOK_S, self._auditing.every.total_seconds())
        while not self._stopping.is_set():
            try:
                await self.poll()
            except AWAY as error:
                log.warning("checkpoints wait for mongodb: %s", type(error).__name__)
            except Exception:
                log.exception("the checkpoints failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), look)
