"""One command at a time per subject, in this process: the next would only find a version that is gone."""

from __future__ import annotations

import asyncio
from collections import deque

from shared.store.errors import Contended

MAX_WAITING = 500
MAX_WAIT_S = 10.0


class Turns:
    """A fair queue per subject. Whoever got its turn by ``take`` gives it back by ``give``."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    async def take(self, subject: str) -> None:
        """Wait for this caller's turn. Raises ``Contended`` where too many wait, or for too long."""
        queue = self._queues.get(subject)
        if queue is None:
            self._queues[subject] = deque()
            return
        if len(queue) >= MAX_WAITING:
            raise Contended(field=self._what, value=subject)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.give(subject)  # it came at the same moment
            else:
                turn.cancel()
            if isinstance(error, TimeoutError):
                raise Contended(field=self._what, value=subject) from error
            raise

    def give(self, subject: str) -> None:
        """Let the next one begin."""
        queue = self._queues[subject]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._queues[subject]
