"""aiokafka on uvloop: a connection that is closed is an error of the connection, as on asyncio's own loop.

uvloop raises a bare ``RuntimeError`` for a write to a transport that is closed already, and aiokafka takes
only ``OSError`` for a broken connection (aio-libs/aiokafka, issue 1038): the task that happens to write ends
for good, be it the one that keeps the metadata, that fetches, or that keeps the place in the group. A
consumer without one of them has to be replaced, and its successor's group waits for its old place to expire;
one that is only told of a broken connection makes another and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError

WRITES = ("send", "_send_sasl_token")


def _told(write: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(write)
    def told(self: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return write(self, *arguments, **options)
        except KafkaError:  # is a RuntimeError, too
            raise
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error

    return told


def install() -> None:
    """Have every connection of this process tell it so. Once is enough, and twice does no harm."""
    for name in WRITES:
        write = getattr(AIOKafkaConnection, name)
        if not hasattr(write, "__wrapped__"):
            setattr(AIOKafkaConnection, name, _told(write))
