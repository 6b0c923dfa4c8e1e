"""A bounded number of tries for a message that fails for its own sake; then it is a dead letter."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.messaging.dead_letters import DeadLetters
from shared.messaging.incoming import Incoming
from shared.store.driver import AWAY
from shared.store.errors import Contended, Full, Unavailable

log = logging.getLogger("ponte.delivery")

T = TypeVar("T")

TRIES = 3

HOLD: tuple[type[Exception], ...] = (*AWAY, Unavailable, Contended, Full)
"""Nothing is wrong with the message: an engine is away or busy, and the runner tries again."""


async def attempt(
    letters: DeadLetters, item: Incoming, action: Callable[[T], Awaitable[None]], argument: T
) -> bool:
    """Whether ``action`` went through; if not, the message has been set aside. Raises one of ``HOLD``."""
    record = item.record
    for number in range(1, TRIES + 1):
        try:
            await action(argument)
            return True
        except HOLD:
            raise
        except Exception as error:
            log.exception("try %d of %s/%s/%s failed", number, record.topic, record.partition, record.offset)
            if number == TRIES:
                text = f"{type(error).__name__}: {error}"
                await letters.put(record, reason="failed", error=text, attempts=number)
        await asyncio.sleep(0.05 * number)
    return False
