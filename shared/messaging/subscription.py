"""FastStream's subscriber of one group, which can be taken away and made anew while the process lives."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from shared.messaging import raw
from shared.messaging.brokers import RETRY_MS, Brokers
from shared.messaging.offsets import Notes
from shared.messaging.record import Record
from shared.messaging.tasks import end, within

log = logging.getLogger("ponte.reader")
_faststream_log = logging.getLogger("ponte.faststream")
# What it tells below this is every assignment, and advice on topics that we follow already.
_faststream_log.setLevel(logging.ERROR)
# aiokafka calls every turn of a broker's start an error; what does not heal, the watchdog tells.
for _noisy in ("aiokafka.consumer.group_coordinator", "aiokafka.cluster"):
    logging.getLogger(_noisy).setLevel(logging.CRITICAL)

START_S = 15.0
STOP_S = 8.0
MAX_RECORDS = 500
"""More would be faster by little and keep the page waiting for longer (`bench/behind.py`)."""
IDLE_TURN_MS = 500
METADATA_MS = 5000
"""So late a topic is noticed that was made anew after the group had shared out the others."""


class Subscription:
    """One consumer at a time reads ``topics`` as ``group``; ``on_batch`` gets its batches."""

    def __init__(
        self,
        brokers: Brokers,
        *,
        group: str,
        topics: Sequence[str],
        on_batch: Callable[[Any], Awaitable[None]],  # FastStream would build a validator from a type
        listener: Notes,
    ) -> None:
        self._listener = listener
        self._broker = KafkaBroker(
            brokers.servers,
            security=brokers.security(),
            client_id=f"ponte-{group}",
            apply_types=False,
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=5.0,
            metadata_max_age_ms=METADATA_MS,
            retry_backoff_ms=RETRY_MS,
            logger=_faststream_log,
        )
        self._subscriber = self._broker.subscriber(
            *topics,
            group_id=group,
            batch=True,
            max_records=MAX_RECORDS,
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            heartbeat_interval_ms=500,
            session_timeout_ms=6000,
            listener=listener,
            parser=raw.parse,
            decoder=raw.decode,
        )
        self._subscriber(on_batch)
        # FastStream's own sleeps after every empty turn, while a message may arrive, and turns all the time.
        self._subscriber.get_msg = self._next_batch  # type: ignore[method-assign]
        self._broken = False

    @property
    def consumer(self) -> Any:
        """Aiokafka's consumer that is in use or starting; null: none."""
        return self._subscriber.consumer

    async def start(self) -> None:
        """Join the group. Raises where Kafka is away; nothing of the attempt is left then."""
        self._listener.forget()
        self._broken = False
        try:
            await self._broker.connect()
            await within(START_S, self._subscriber.start())
        except BaseException:
            # Half started it would be given partitions beside its successor, and read none of them.
            await self.stop()
            raise

    async def stop(self) -> None:
        """Leave the group, and have no partitions from now on."""
        consumer = self.consumer
        try:
            await within(STOP_S, self._subscriber.stop())
        except Exception as error:
            log.warning("the subscriber did not stop in time: %r", error)
            if consumer is not None:
                await _take_apart(consumer)
        self._subscriber.consumer = None
        self._listener.forget()

    async def close(self) -> None:
        """Stop for good."""
        await self.stop()
        with suppress(Exception):
            await within(STOP_S, self._broker.stop())

    def ended(self) -> str | None:
        """Which part of the consumer has ended, so that it will never read again; null: all of it runs.

        Its tasks end for good on an error that aiokafka does not expect (``broken`` tells of one). Only the
        group's ending is raised to whoever reads; without the one that fetches, or the one that keeps the
        metadata, a consumer keeps its place in the group and reads nothing.
        """
        consumer = self.consumer
        if consumer is None:
            return "consumer"
        if self._broken:
            return "reading"
        parts = {
            "group": consumer._coordinator._coordination_task,
            "fetching": consumer._fetcher._fetch_task,
            "metadata": consumer._client._sync_task,
        }
        if dead := next((name for name, task in parts.items() if task is None or task.done()), None):
            return dead
        return "loop" if all(task.done() for task in self._subscriber.tasks) else None

    async def _next_batch(self, consumer: Any) -> tuple[Record, ...]:
        """What has arrived, at once when something arrives; nothing after a while without."""
        try:
            batches = await consumer.getmany(timeout_ms=IDLE_TURN_MS, max_records=MAX_RECORDS)
        except Exception:
            # What it can mend by itself it does not raise.
            self._broken = self._broken or consumer is self.consumer
            raise
        return tuple(chain.from_iterable(batches.values()))


async def _take_apart(consumer: Any) -> None:
    """End every part by itself: aiokafka's own way goes no further than the first one that does not end.

    A part that goes on makes itself new connections: it fetches, or tells the group that it is there.
    """
    coordinator, fetcher = consumer._coordinator, consumer._fetcher
    parts: list[Coroutine[Any, Any, None]] = []
    if coordinator is not None:
        names = ("_coordination_task", "_heartbeat_task", "_commit_refresh_task")
        parts += [end(getattr(coordinator, name)) for name in names]
    if fetcher is not None:
        parts.append(fetcher.close())
    # Without its connections the group gives its partitions to others.
    parts.append(consumer._client.close())
    for part in parts:
        with suppress(Exception):
            await within(STOP_S, part)
