"""The idempotent producer, replaced whole when it fails.

aiokafka's producer can stick on an out-of-order sequence, and its calls can hang while Kafka is away: every
wait has a limit, and a producer that failed is closed before another one sends anything.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from aiokafka.partitioner import DefaultPartitioner

from shared.messaging import bulk
from shared.messaging.brokers import Kafka, brokers_of
from shared.messaging.metrics import PRODUCER_REPLACED
from shared.messaging.tasks import within

log = logging.getLogger("ponte.producer")

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]

ACK_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0
EXPIRY_S = ACK_TIMEOUT_S + CLOSE_TIMEOUT_S + 2.0
"""A batch whose topic is missing is dropped so late, by itself and before those behind it, which would then
come first in the log: by then the producer has been replaced, and nothing that it held is sent any more."""
RECONNECT_S = 0.5
"""After a start that failed nobody tries again for so long: many waiting lanes make one attempt."""


class Producer:
    """Sends messages in order and waits until all in-sync replicas have them."""

    def __init__(self, kafka: Kafka, *, client_id: str, max_message_bytes: int = 1024 * 1024) -> None:
        self._brokers = brokers_of(kafka)
        self._client_id = client_id
        self._max_message_bytes = max_message_bytes
        self._producer: AIOKafkaProducer | None = None
        self._gate = asyncio.Lock()
        self._not_before = 0.0
        self.connected = False

    async def _current(self) -> AIOKafkaProducer:
        """The producer in use, made and started if there is none. Raises where Kafka is away."""
        if self._producer is not None:
            return self._producer
        async with self._gate:
            if self._producer is None:
                if time.monotonic() < self._not_before:
                    raise KafkaConnectionError("Kafka was away a moment ago")
                made = AIOKafkaProducer(
                    **self._brokers.client(),
                    client_id=self._client_id,
                    enable_idempotence=True,
                    acks="all",
                    partitioner=_partition,
                    # While a request is under way the next one gathers: waiting would only be waiting.
                    linger_ms=0,
                    max_batch_size=256 * 1024,
                    max_request_size=self._max_message_bytes,
                    request_timeout_ms=int(EXPIRY_S * 1000),
                )
                try:
                    await within(ACK_TIMEOUT_S, made.start())
                except BaseException:
                    self._not_before = time.monotonic() + RECONNECT_S
                    await _close(made)
                    raise
                self._producer = made
                self.connected = True
            return self._producer

    async def send(self, topic: str, messages: Sequence[Message]) -> None:
        """Hand ``messages`` over in order; returns when all are acknowledged.

        Raises where one is not: then it is unknown which ones arrived, the producer has been replaced, and
        the caller sends again from its outbox.
        """
        (outcome,) = await self.send_all(topic, [messages])
        if outcome is not None:
            raise outcome

    async def send_all(self, topic: str, groups: Sequence[Sequence[Message]]) -> list[BaseException | None]:
        """Hand over each group's messages in order; answers once all are acknowledged or have failed.

        The answer has one outcome for each group, as ``send`` would raise it. Raises where Kafka is away.
        """
        producer = await self._current()
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                outcomes = [await _append(producer, topic, messages) for messages in groups]
                results = await asyncio.gather(
                    *(future for futures in outcomes if isinstance(futures, list) for future in futures),
                    return_exceptions=True,
                )
        except Exception:
            await self._give_up(producer)
            raise
        answers = iter(results)
        told: list[BaseException | None] = []
        for futures in outcomes:
            if isinstance(futures, list):
                failed = [
                    answer for answer in islice(answers, len(futures)) if isinstance(answer, BaseException)
                ]
                told.append(failed[0] if failed else None)
            else:
                told.append(futures)
        if any(told):
            await self._give_up(producer)
        return told

    async def send_bulk(self, topic: str, messages: Sequence[Message]) -> None:
        """As ``send``, for hundreds of messages at once."""
        producer = await self._current()
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S):
                await asyncio.gather(*await bulk.append(producer, topic, messages))
        except Exception:
            await self._give_up(producer)
            raise

    async def _give_up(self, failed: AIOKafkaProducer) -> None:
        async with self._gate:
            if self._producer is failed:
                self.connected = False
                await _close(failed)
                self._producer = None
                PRODUCER_REPLACED.inc()

    async def stop(self) -> None:
        """Flush and close, within a time limit."""
        async with self._gate:
            if self._producer is not None:
                await _close(self._producer)
                self._producer = None
                self.connected = False


async def _append(
    producer: AIOKafkaProducer, topic: str, messages: Sequence[Message]
) -> list[asyncio.Future[Any]] | Exception:
    """What acknowledges each message, or why one could not even be put in line.

    Those of the same group before it are on their way then; whoever sends the group again repeats them.
    """
    try:
        return [
            await producer.send(topic, key=key, value=value, headers=headers)
            for key, value, headers in messages
        ]
    except Exception as error:
        return error


def _partition(key: bytes, every: Sequence[int], available: Sequence[int]) -> int:  # noqa: ARG001
    """As aiokafka's own, remembered: its hash is computed byte by byte in Python."""
    return _partition_of(key, tuple(every))


@lru_cache(maxsize=16384)
def _partition_of(key: bytes, every: tuple[int, ...]) -> int:
    return int(DefaultPartitioner()(key, list(every), list(every)))


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        await within(CLOSE_TIMEOUT_S, producer.stop())
    except Exception as error:
        log.warning("the producer did not close in time: %r", error)
        # Without its connections nothing that it still holds can be sent behind its successor's back.
        with suppress(Exception):
            await within(CLOSE_TIMEOUT_S, producer.client.close())
