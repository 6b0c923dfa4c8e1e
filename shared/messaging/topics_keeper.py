"""Sees to it that a service's topics exist, also after a broker has lost them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from shared.messaging.brokers import Kafka
from shared.messaging.tasks import end
from shared.messaging.topics import Topic, ensure_topics

log = logging.getLogger("ponte.topics")

LOOK_AGAIN_S = 10.0
AT_LEAST_S = 1.0
TIMEOUT_S = 15.0


class TopicsKeeper:
    """Makes what is missing at the start, every ten seconds, and when somebody could not use a topic.

    ``remade`` is called when topics that had been there are gone and were made anew.
    """

    def __init__(
        self, kafka: Kafka, topics: Sequence[Topic], remade: Callable[[], None] = lambda: None
    ) -> None:
        self._kafka = kafka
        self._topics = list(topics)
        self._remade = remade
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        self.away = False
        """Whether Kafka did not answer the last time; what is published meanwhile waits in the outboxes."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        await end(self._task)

    def look(self, _: object = None) -> None:
        """Something could not be sent: perhaps its topic is gone."""
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            try:
                made = await asyncio.wait_for(ensure_topics(self._kafka, self._topics), TIMEOUT_S)
            except Exception as error:
                log.warning("waiting for kafka: %r", error)
                self.away = True
                await asyncio.sleep(0.5)
                continue
            if made and self.ready.is_set():
                log.error("topics had to be made anew: the broker has lost what was in them")
                self._remade()
            self.away = False
            self.ready.set()
            await asyncio.sleep(AT_LEAST_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), LOOK_AGAIN_S)
