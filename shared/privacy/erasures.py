"""The erasures of one service: taken up, carried out in the background, and applied again after a restore."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from prometheus_client import Gauge

from shared.domain.errors import Refusal
from shared.privacy.erasable import Erasable
from shared.privacy.erasing import AggregateErasing, Counts, Step
from shared.privacy.ledger import Asked, Ledger, State, sought
from shared.privacy.redacting import Sought
from shared.privacy.sweeping import Erase, sweep
from shared.store.driver import AWAY, Database, Document
from shared.store.lease import Lease
from shared.store.repository import OutboxOwner
from shared.store.setup import META

log = logging.getLogger("ponte.erasures")

_Subject = tuple[AggregateErasing[Any], str]

WAITING = Gauge("ponte_erasures_waiting", "Erasures of people that are not done yet")
LOOK_S: Final = 1.0
"""So often it is looked whether there is something to do."""
LEASE_S: Final = 15.0
_PUBLISHED_S: Final = 2.0
"""So long the events of one page of subjects are waited for, before the next page."""
_PAUSE_S: Final = 0.05
_BEHIND_S: Final = 1.0


class Erasures:
    """Several replicas may run; the lease only keeps them from doing the same work.

    ``ways`` are those of collections that cannot be narrowed value by value.
    """

    def __init__(
        self,
        database: Database,
        service: str,
        epoch: int,
        *,
        erasables: Sequence[Erasable[Any]] = (),
        ways: Mapping[str, Erase] | None = None,
    ) -> None:
        self._database = database
        self._service = service
        self._epoch = epoch
        self._erasables = tuple(erasables)
        self._ways = ways or {}
        self.ledger = Ledger(database, epoch)
        self._lease = Lease(database[META], "erasing")
        self._held_at = float("-inf")
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def accept(self, asked: Asked, *, ground: str | None = None) -> Document:
        """Take up a request, or note that it is refused; the ledger's row. Raises as ``Ledger.accept``.

        Asked for once more when it is done, it looks for what has named them since.
        """
        row = await self.ledger.accept(asked, ground=ground)
        if row["state"] == State.DONE:
            await self.ledger.again(asked.erasure_id)
            row = {**row, "state": State.ACCEPTED}
        self._wake.set()
        return row

    async def again(self, erasure_id: str) -> None:
        """Look once more for what one had erased."""
        await self.ledger.again(erasure_id)
        self._wake.set()

    async def apply_again(self) -> None:
        """Before anything of the service runs: take out what a restore has brought back.

        Raises where MongoDB is away.
        """
        await self.ledger.prepare()
        for row in await self.ledger.of_before():
            log.warning("erasure %s is applied again after a restore", row["_id"])
            await self._round(row, self._aggregates(None))
            await self._sweep(row)
            await self.ledger.applied(row)

    def start(self, relay: OutboxOwner | None) -> None:
        """Carry out in the background what is asked for."""
        self._task = asyncio.create_task(self._run(self._aggregates(relay)))

    async def stop(self) -> None:
        """End at once: another replica goes on, or this one when it is back."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            await self._lease.give_back()

    # In the background

    def _aggregates(self, relay: OutboxOwner | None) -> list[AggregateErasing[Any]]:
        return [
            AggregateErasing(self._database, each, service=self._service, epoch=self._epoch, relay=relay)
            for each in self._erasables
        ]

    async def _run(self, aggregates: Sequence[AggregateErasing[Any]]) -> None:
        while True:
            self._wake.clear()
            try:
                rows = await self.ledger.waiting()
                WAITING.set(len(rows))
                if rows and await self._alive():
                    for row in rows:
                        await self._carry_out(row, aggregates)
                    continue
            except _NotOurs:
                log.info("another replica erases")
            except AWAY as error:
                log.warning("the erasures wait for mongodb: %s", type(error).__name__)
            except Exception:
                log.exception("an erasure failed; it is taken up again")
                await asyncio.sleep(_BEHIND_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_S)

    async def _carry_out(self, row: Document, aggregates: Sequence[AggregateErasing[Any]]) -> None:
        """Round after round, until one finds nothing more; then everything else."""
        await self.ledger.begin(row)
        while True:
            waiting, found = await self._round(row, aggregates)
            if waiting:
                await self._until_published(row, waiting)
            elif not found:
                break
        await self._sweep(row)
        if await self.ledger.end(row):
            log.warning("erasure %s is done", row["_id"])

    async def _round(
        self, row: Document, aggregates: Sequence[AggregateErasing[Any]]
    ) -> tuple[list[_Subject], bool]:
        """Once through all subjects: those whose events are on their way, and whether there was any to do."""
        whom = sought(row)
        late: list[_Subject] = []
        found = False
        for kind in aggregates:
            async for page in kind.touched(whom, row["records"]):
                waiting = [(kind, subject) for subject in page]
                deadline = time.monotonic() + _PUBLISHED_S
                while waiting:
                    steps = await self._steps(row, waiting, whom)
                    found = found or any(step is not Step.CLEAN for step in steps)
                    waiting = [one for one, step in zip(waiting, steps, strict=True) if step is Step.WAITS]
                    if kind.alone or time.monotonic() > deadline:
                        break
                    await asyncio.sleep(_PAUSE_S if waiting else 0)
                late += waiting
                await self._alive(kind.alone)
        return late, found

    async def _until_published(self, row: Document, waiting: Sequence[_Subject]) -> None:
        """Kafka is away, or a replica that had the events has died: nothing else is looked at meanwhile."""
        await self.ledger.waits_for(row["_id"], "kafka")
        whom = sought(row)
        while waiting:
            await asyncio.sleep(_BEHIND_S)
            await self._alive()
            steps = await self._steps(row, waiting, whom)
            waiting = [one for one, step in zip(waiting, steps, strict=True) if step is Step.WAITS]
        await self.ledger.waits_for(row["_id"], None)

    async def _steps(self, row: Document, subjects: Sequence[_Subject], whom: Sought) -> list[Step]:
        counts = Counts()
        steps = [await self._step(kind, subject, row, whom, counts) for kind, subject in subjects]
        done = {"subjects": len(counts.subjects), "events": counts.events, "values": counts.values}
        await self.ledger.count(row["_id"], done, sorted(counts.kept))
        return steps

    async def _step(
        self, kind: AggregateErasing[Any], subject: str, row: Document, whom: Sought, counts: Counts
    ) -> Step:
        try:
            return await kind.step(subject, row, whom, counts)
        except AWAY:
            raise
        except Refusal as refusal:
            log.warning("%s waits with its erasure: %s", subject, refusal.code)
            return Step.WAITS
        except Exception as error:  # noqa: BLE001 - one record must not keep the others from being erased
            # By its type only: its text may hold what is to be erased.
            log.error("nobody can be erased from %s: %s", subject, type(error).__name__)
            counts.kept.add(f"{subject}: {type(error).__name__}")
            return Step.CLEAN

    async def _sweep(self, row: Document) -> None:
        whom = sought(row)
        if not whom or row["records"]:
            return

        async def alive() -> None:
            await self._alive(self._task is None)

        names = [each.collection for each in self._erasables]
        done = await sweep(self._database, names, whom, ways=self._ways, alive=alive)
        await self.ledger.count(row["_id"], done)

    async def _alive(self, alone: bool = False) -> bool:
        """Keep the lease. Raises ``_NotOurs`` where it was lost on the way, for another works at it."""
        if alone:
            return True
        now = time.monotonic()
        if now - self._held_at > LEASE_S / 5:
            if not await self._lease.held(LEASE_S):
                self._held_at = float("-inf")
                raise _NotOurs
            self._held_at = now
        return True


class _NotOurs(Exception):
    """Another replica has the lease."""
