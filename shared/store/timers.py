"""What becomes due: the time lies in the aggregate's document, and firing is a command like any other.

A rule derives the due time from the state, so every save keeps it right, in the same write. A runner looks
for what is due by the server's clock and asks for the command; its decision is pure, writes what it changes
together with its event, and leads to a state that is due later or never. So it happens once, whoever asks and
however often: the command's key comes from the subject, its due time and its version, and the lease only
saves work.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel

from shared.domain import Change, Refusal
from shared.store.command import Command
from shared.store.driver import AWAY, Collection, Document, IndexModel
from shared.store.due import Due
from shared.store.errors import Contended, Unavailable
from shared.store.events import derived_id
from shared.store.lease import Lease
from shared.store.schema import Schema

log = logging.getLogger("ponte.timers")

S = TypeVar("S", bound=BaseModel)

POLL_S: Final = 1.0
LEASE_S: Final = 5.0
AGAIN_S: Final = 60.0
"""What could not be fired is left alone for so long, so that it does not hold up the others."""
_AT_ONCE: Final = 50
_LATER: Final[tuple[type[Exception], ...]] = (*AWAY, Unavailable, Contended)


class Aggregates(Protocol[S]):
    """The repository, as the timers see it."""

    collection: Collection
    schema: Schema[S]
    due: Due[S] | None

    async def change(self, subject: str, command: Command, decide: Callable[[S], Change[S]]) -> Any:
        """Carry out a command."""


class Timers(Generic[S]):
    """Fires what is due among one service's aggregates of one kind.

    ``fire`` is pure: it gets the state and the server's time (UTC). ``command`` is the name under which the
    firing stands in the journal.
    """

    def __init__(
        self,
        aggregates: Aggregates[S],
        meta: Collection,
        *,
        service: str,
        command: str,
        fire: Callable[[S, datetime], Change[S]],
    ) -> None:
        if aggregates.due is None:
            raise ValueError("the repository has no rule of what is due")
        self._due: Due[S] = aggregates.due
        self._aggregates = aggregates
        self._collection = aggregates.collection
        self._lease = Lease(meta, f"timers/{self._collection.name}")
        self._service = service
        self._command = command
        self._fire = fire
        self._not_before: dict[str, float] = {}
        self._filled = False
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the index and begin to look. Raises where MongoDB is away."""
        await self._collection.create_indexes([IndexModel([("due", 1)], name="due", sparse=True)])
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Finish what is being fired."""
        if self._task is None:
            return
        self._stopping.set()
        await asyncio.wait([self._task], timeout=3.0)
        self._task.cancel()
        await self._lease.give_back()

    async def poll(self) -> int:
        """Fire what is due now; how many were fired."""
        if not await self._leads():
            return 0
        if not self._filled:
            await self._fill()
            self._filled = True
        self._not_before = {key: at for key, at in self._not_before.items() if at > time.monotonic()}
        query: Document = {"due": {"$exists": True}, "_id": {"$nin": list(self._not_before)}}
        # By the server's clock, and from the index: the earliest ones, compared with the time of this answer.
        earliest = (
            self._collection.find(query, {"due": 1, "version": 1, "now": "$$NOW"})
            .sort("due", 1)
            .limit(_AT_ONCE)
        )
        rows = [row for row in await earliest.to_list() if row["due"] <= row["now"]]
        return sum(await asyncio.gather(*(self._fire_one(row) for row in rows)))

    async def _fire_one(self, row: Document) -> bool:
        subject, now = row["_id"], row["now"]
        # The version too: what was put off and is due at the same time again is another firing.
        key = f"{self._command}/{subject}/{row['due'].isoformat()}/{row['version']}"
        command = Command(
            name=self._command,
            client=f"service:{self._service}",
            actor=f"service:{self._service}",
            at=now,
            correlation_id=derived_id("timer", key),
            key=key,
        )
        try:
            receipt = await self._aggregates.change(subject, command, lambda state: self._fire(state, now))
        except _LATER as error:
            log.warning("%s of %s waits: %s", self._command, subject, type(error).__name__)
            return False
        except Refusal as refusal:
            log.error("%s of %s was refused: %s", self._command, subject, refusal)
        except Exception:
            log.exception("%s of %s failed", self._command, subject)
        else:
            if receipt.changed and not receipt.replayed:
                return True
        # Nothing came of it although it is due: not again at once, and not in the others' way.
        self._not_before[subject] = time.monotonic() + AGAIN_S
        return False

    async def _fill(self) -> None:
        """Documents that were stored before there was this rule get their due time, beside any command."""
        async for row in self._collection.find(
            {"due_rule": {"$ne": self._due.rule}}, {"state": 1, "version": 1, "schema_version": 1}
        ):
            update: Document = {}
            self._due.put(update, self._aggregates.schema.read(row))
            # A command that was quicker has set it itself.
            await self._collection.update_one({"_id": row["_id"], "version": row["version"]}, update)

    async def _leads(self) -> bool:
        """Whether this replica is the one that looks; two that think so only do the same work twice."""
        return await self._lease.held(LEASE_S)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self.poll()
            except AWAY as error:
                log.warning("timers wait for mongodb: %s", type(error).__name__)
            except Exception:
                log.exception("the timers failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL_S)
