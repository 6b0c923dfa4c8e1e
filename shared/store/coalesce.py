"""Many small calls become one: whatever arrives while calls are under way goes with the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Coalescer(Generic[T, R]):
    """``await submit(item)`` gives the item's own answer of the flush that held it, or raises its error.

    ``flush`` answers every item in order; an exception as an answer is raised for that item alone, one that
    ``flush`` raises for all of them. Up to ``at_once`` flushes run side by side, each of up to ``limit``
    items. An idle coalescer flushes at once: nothing waits for company.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        limit: int = 1000,
        at_once: int = 1,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._at_once = at_once
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, item: T) -> R:
        """Have ``item`` flushed and wait for its answer."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._running < self._at_once:
            self._running += 1
            task = asyncio.create_task(self._run())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await done

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                await self._answer(batch)
        finally:
            self._running -= 1

    async def _answer(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._flush([item for item, _ in batch])
        except BaseException as error:
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for (_, done), answer in zip(batch, answers, strict=True):
            if done.done():
                continue  # whoever asked has gone
            if isinstance(answer, Exception):
                done.set_exception(answer)
            else:
                done.set_result(answer)
