"""What happens to a batch of messages: projections, then reactions; what cannot be used is set aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from shared.contracts.base import EventData
from shared.domain import Refusal
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.envelope import Malformed, Received, from_message
from shared.messaging.metrics import HANDLED, REFUSED
from shared.messaging.record import Record
from shared.store.driver import AWAY, Database
from shared.store.errors import Contended, Full, Unavailable

log = logging.getLogger("ponte.delivery")

Event = Received[EventData]
Reaction = Callable[[Any], Awaitable[None]]
"""What this unit does when another unit's event arrives; it raises a ``Refusal`` where a rule says no."""

TRIES = 3
AT_ONCE = 16
REFUSED_REACTIONS = "refused_reactions"

HOLD: tuple[type[Exception], ...] = (*AWAY, Unavailable, Contended, Full)
"""Nothing is wrong with the message: an engine is away or busy, and the runner tries again."""


class Projection(Protocol):
    """A view that is built from events and can be thrown away and rebuilt."""

    async def apply(self, events: Sequence[Event]) -> None:
        """Take in ``events``, in order per subject. Each may come more than once."""


class Delivery:
    """Carries a batch to every projection and reaction of one service.

    Returns when everything is stored; raises one of ``HOLD`` when it has to be tried again as a whole.
    """

    def __init__(
        self,
        database: Database,
        *,
        projections: Sequence[Projection] = (),
        reactions: Mapping[str, Reaction] | None = None,
    ) -> None:
        self._projections = tuple(projections)
        self._reactions = dict(reactions or {})
        self._dead_letters = DeadLetters(database)
        self._refused = database[REFUSED_REACTIONS]

    async def __call__(self, records: Sequence[Record]) -> None:
        events: list[tuple[Record, Event]] = []
        for record in records:
            try:
                events.append((record, from_message(record.value, record.headers)))
            except Malformed as error:
                log.error("set aside %s/%s/%s: %s", record.topic, record.partition, record.offset, error)
                await self._dead_letters.put(record, reason=error.reason, error=str(error), attempts=1)
        for projection in self._projections:
            await self._project(projection, events)
        await self._react(events)
        for record in records:
            HANDLED.labels(record.topic).inc()

    async def _project(self, projection: Projection, events: Sequence[tuple[Record, Event]]) -> None:
        """The batch at once; if it fails for its own sake, one by one: only the culprit is set aside."""
        if not events:
            return
        try:
            await projection.apply([event for _, event in events])
            return
        except HOLD:
            raise
        except Exception:
            log.exception("a batch of %d failed; going through it one by one", len(events))
        for record, event in events:
            await self._try(record, projection.apply, [event])

    async def _react(self, events: Sequence[tuple[Record, Event]]) -> None:
        """Reactions in order per subject, several subjects at once."""
        lanes: dict[str, list[tuple[Record, Event]]] = {}
        for record, event in events:
            if event.type in self._reactions:
                lanes.setdefault(event.subject, []).append((record, event))
        gate = asyncio.Semaphore(AT_ONCE)

        async def run(lane: Sequence[tuple[Record, Event]]) -> None:
            async with gate:
                for record, event in lane:
                    await self._try(record, self._reaction, event)

        results = await asyncio.gather(*(run(lane) for lane in lanes.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _reaction(self, event: Event) -> None:
        try:
            await self._reactions[event.type](event)
        except HOLD:
            raise
        except Refusal as refusal:
            # A rule of this unit said no: an outcome for an officer, not a fault of the message.
            REFUSED.inc()
            log.warning("%s of %s was refused: %s", event.type, event.subject, refusal)
            await self._refused.update_one(
                {"_id": f"{event.subject}/{event.epoch}/{event.sequence}"},
                {
                    "$setOnInsert": {
                        "type": event.type,
                        "subject": event.subject,
                        "code": refusal.code,
                        "texts": {language: refusal.text(language) for language in ("it", "en")},
                        "at": datetime.now(UTC),
                    }
                },
                upsert=True,
            )

    async def _try(self, record: Record, action: Callable[[Any], Awaitable[None]], argument: Any) -> None:
        """A bounded number of tries, then the message is a dead letter and its partition goes on."""
        for attempt in range(1, TRIES + 1):
            try:
                await action(argument)
                return
            except HOLD:
                raise
            except Exception as error:
                log.exception(
                    "try %d of %s/%s/%s failed", attempt, record.topic, record.partition, record.offset
                )
                if attempt == TRIES:
                    await self._dead_letters.put(
                        record, reason="failed", error=f"{type(error).__name__}: {error}", attempts=attempt
                    )
            await asyncio.sleep(0.05 * attempt)
