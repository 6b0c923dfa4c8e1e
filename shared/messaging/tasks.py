"""Background tasks: ending them for good, and keeping them from being ended by what they wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

AGAIN_S = 0.5
T = TypeVar("T")


class EndedFromWithin(Exception):
    """What we waited for ended as cancelled, and nobody had cancelled us."""


async def end(task: asyncio.Task[Any] | None) -> None:
    """Cancel ``task`` and wait until it has ended.

    Again and again: before Python 3.12 ``asyncio.wait_for`` can lose a cancellation that comes together with
    the result, and a driver may take a cancelled call for a broken connection and go on.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Wait for ``work``, for so many seconds at most.

    Raises ``TimeoutError`` after them, and ``EndedFromWithin``. aiokafka waits for tasks that it has just
    cancelled itself (aio-libs/aiokafka, issue 647): its consumer's ``stop`` was seen to end the watchdog that
    had called it.
    """
    try:
        return await asyncio.wait_for(work, seconds)
    except asyncio.CancelledError:
        us = asyncio.current_task()
        if us is not None and us.cancelling():
            raise
        raise EndedFromWithin(repr(work)) from None
