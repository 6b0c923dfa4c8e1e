"""Retention runs by itself: on each of the city's days one replica takes out what may be kept no longer.

What lies in records is erased by the same way as at a person's request, so that it leaves the journal, every
view and every message; the rest goes by its age (`expiring.py`). A pure rule of the unit tells which records.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Protocol

from prometheus_client import Counter, Gauge

from shared.domain.retention import FOR_EVER, first_kept
from shared.places.today import CityDay
from shared.privacy.expiring import MARKS, Expiring
from shared.privacy.ledger import Asked
from shared.store.driver import AWAY, Database, Document
from shared.store.events import derived_id
from shared.store.lease import Lease
from shared.store.setup import META

log = logging.getLogger("ponte.retention")

POLL_S: Final = 60.0
"""So often it is looked whether a new day has begun."""
LEASE_S: Final = 300.0
BATCH: Final = 200
"""Records of one erasure."""

EXPIRED = Counter("ponte_retention_expired_total", "Values and records that were kept long enough", ["what"])
RUN_AT = Gauge(
    "ponte_retention_run_timestamp_seconds", "When retention was last looked after, in any replica"
)


@dataclass(frozen=True, slots=True)
class Outlived:
    """A record with people who may be kept no longer: all of them, or those whom names and ids tell."""

    record: str
    names: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()


Look = Callable[[date], AsyncIterator[Outlived]]
"""Which records have outlived people on a day; what was erased before is not told again."""


class Erases(Protocol):
    """The erasures of the service."""

    async def accept(self, asked: Asked) -> Document:
        """Take up an erasure; the same id again is the same one."""


class Retention:
    """One service's. ``records`` are looks with what they look for; ``why`` each goes into the ledger."""

    def __init__(
        self,
        database: Database,
        service: str,
        days: CityDay,
        *,
        erasures: Erases,
        expiring: Sequence[Expiring] = (),
        records: Look | None = None,
        why: str = "",
    ) -> None:
        self._database = database
        self._service = service
        self._days = days
        self._erasures = erasures
        self._expiring = tuple(expiring)
        self._records = records
        self._why = why
        self._lease = Lease(database[META], "retaining")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look from now on, in the background."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End at once: what is not done is done by another replica, or tomorrow."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            await self._lease.give_back()

    async def poll(self) -> bool:
        """Look after today, unless that was done; whether this was the one who did."""
        today = self._days.today()
        if await self._done(today) or not await self._lease.held(LEASE_S):
            return False
        # Another replica may have done it and let go of the lease since.
        if await self._done(today):
            return False
        await self.run(today)
        await self._lease.give_back()
        return True

    async def run(self, today: date) -> dict[str, int]:
        """Take out what is over on ``today``; how many of each kind. Safe to repeat.

        Raises where MongoDB is away.
        """
        done: dict[str, int] = {}
        for each in self._expiring:
            if each.months != FOR_EVER:
                before = self._days.begins(first_kept(today, each.months))
                done[each.what] = await each.expire(self._database, before)
        if self._records is not None:
            done["records"] = await self._erase(self._records, today)
        for what, number in done.items():
            EXPIRED.labels(what).inc(number)
        if any(done.values()):
            log.warning(
                "kept long enough: %s", ", ".join(f"{number} {what}" for what, number in done.items())
            )
        now = datetime.now(UTC)
        noted = {"day": today.isoformat(), "at": now}
        await self._database[META].update_one({"_id": MARKS + "/run"}, {"$set": noted}, upsert=True)
        RUN_AT.set(now.timestamp())
        return done

    async def _erase(self, look: Look, today: date) -> int:
        """Records whose people are told apart have an erasure of their own; others are taken together."""
        together: list[str] = []
        found = 0
        async for outlived in look(today):
            found += 1
            if outlived.names or outlived.person_ids:
                await self._ask(today, (outlived.record,), outlived.names, outlived.person_ids)
                continue
            together.append(outlived.record)
            if len(together) == BATCH:
                await self._ask(today, tuple(together))
                together = []
        if together:
            await self._ask(today, tuple(together))
        return found

    async def _ask(
        self,
        today: date,
        records: tuple[str, ...],
        names: tuple[str, ...] = (),
        person_ids: tuple[str, ...] = (),
    ) -> None:
        """The id is made of the day and the records: asked again after a crash, it is the same erasure."""
        await self._erasures.accept(
            Asked(
                erasure_id=derived_id("retention", self._service, today.isoformat(), *records),
                at=datetime.now(UTC),
                actor=f"service:{self._service}",
                on_behalf_of=None,
                reason=self._why,
                names=names,
                person_ids=person_ids,
                records=records,
            )
        )
        await self._lease.held(LEASE_S)

    async def _done(self, today: date) -> bool:
        told: Any = await self._database[META].find_one({"_id": MARKS + "/run"})
        if told is None:
            return False
        RUN_AT.set(told["at"].replace(tzinfo=UTC).timestamp())
        return bool(told["day"] >= today.isoformat())

    async def _run(self) -> None:
        while True:
            try:
                await self.poll()
            except AWAY as error:
                log.warning("retention waits for mongodb: %s", type(error).__name__)
            except Exception:
                log.exception("retention failed; it is tried again")
            await asyncio.sleep(POLL_S)
