"""Batches as aiokafka gives them, through FastStream: it neither reads nor acknowledges them."""

from __future__ import annotations

from typing import Any

from faststream.kafka.message import KafkaAckableMessage

from shared.messaging.record import Record


async def parse(message: tuple[Record, ...]) -> KafkaAckableMessage:
    """The records as they are: FastStream's own parser drops a message whose header is not UTF-8."""
    return KafkaAckableMessage(body=b"", raw_message=message, consumer=_NoConsumer())


async def decode(message: KafkaAckableMessage) -> Any:
    """The batch of records."""
    return message.raw_message


class _NoConsumer:
    """The runner commits by itself; nothing may be acknowledged through the message."""

    async def commit(self) -> None:
        raise RuntimeError("offsets are committed by the runner")

    def seek(self, partition: object, offset: int) -> None:
        raise RuntimeError("the runner rewinds by itself")
