"""Ending background tasks for good."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_S = 0.5


async def end(task: asyncio.Task[Any] | None) -> None:
    """Cancel ``task`` and wait until it has ended.

    Again and again: before Python 3.12 ``asyncio.wait_for`` can lose a cancellation that comes together with
    the result, and a driver may take a cancelled call for a broken connection and go on.
    """
    while task is not None and not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=AGAIN_S)
