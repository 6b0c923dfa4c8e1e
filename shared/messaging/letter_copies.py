"""The copy of every dead letter on the topic ``ponte.dead-letters``: best effort, never in anybody's way.

The letter in the service's own database is the truth; the topic lets a city watch all services in one place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from shared.messaging.letters import LetterStatus, record_of
from shared.messaging.metrics import DEAD_LETTER_COPIES, DEAD_LETTERS_OPEN
from shared.store.driver import Collection, Document

log = logging.getLogger("ponte.dead-letters")

Message = tuple[bytes, bytes, list[tuple[str, bytes]]]
Copy = Callable[[Message], Awaitable[None]]
"""Sends one message (key, value, headers) to the topic; raises where it cannot."""

WAITING = 1000
"""So many letters wait for their copy at most; they wait by id, so that they cost no memory."""
LARGEST_COPY = 900 * 1024
"""Bytes: a larger message is copied as a pointer. Brokers take 1 MiB with its headers by default."""
TRIES = 3
PAUSE_S = 2.0
COUNT_S = 10.0


class Copies:
    """Copies letters in the background and counts those that are open."""

    def __init__(self, letters: Collection, service: str, copy: Copy | None) -> None:
        self._letters = letters
        self._service = service
        self._copy = copy
        self._queue: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks.append(asyncio.create_task(self._count_for_ever()))
        if self._copy is not None:
            self._tasks.append(asyncio.create_task(self._copy_for_ever(self._copy)))

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def offer(self, key: str) -> None:
        """Have the letter copied when its turn comes. Returns at once, whatever the state of Kafka."""
        if self._copy is None:
            return
        try:
            self._queue.put_nowait(key)
        except asyncio.QueueFull:
            DEAD_LETTER_COPIES.labels("skipped").inc()

    async def _copy_for_ever(self, copy: Copy) -> None:
        while True:
            key = await self._queue.get()
            for attempt in range(1, TRIES + 1):
                try:
                    letter = await self._letters.find_one({"_id": key})
                    if letter is not None:
                        await copy(message_of(letter, self._service))
                        DEAD_LETTER_COPIES.labels("sent").inc()
                    break
                except Exception as error:
                    log.warning("dead letter %s is not copied to the topic: %r", key, error)
                    if attempt == TRIES:
                        DEAD_LETTER_COPIES.labels("failed").inc()
                    else:
                        await asyncio.sleep(PAUSE_S)

    async def _count_for_ever(self) -> None:
        while True:
            with suppress(Exception):
                DEAD_LETTERS_OPEN.set(await self._letters.count_documents({"status": LetterStatus.OPEN}))
            await asyncio.sleep(COUNT_S)


def message_of(letter: Document, service: str) -> Message:
    """The whole message with the reason in its headers, or a pointer where it is too large."""
    record = record_of(letter)
    about = {
        "ponte_letter": letter["_id"],
        "ponte_service": service,
        "ponte_topic": letter["topic"],
        "ponte_partition": str(letter["partition"]),
        "ponte_offset": str(letter["offset"]),
        "ponte_reason": letter["reason"],
        "ponte_error": letter["error"],
        "ponte_attempts": str(letter["attempts"]),
    }
    headers = [(name, text.encode("utf-8", "replace")) for name, text in about.items()]
    size = sum(len(name) + len(raw) for name, raw in (*headers, *record.headers))
    size += len(record.value or b"") + len(record.key or b"")
    if size > LARGEST_COPY:
        return service.encode(), b"", [*headers, ("ponte_pointer", b"true")]
    if record.key is not None:
        headers.append(("ponte_key", record.key))
    return service.encode(), record.value or b"", [*record.headers, *headers]
