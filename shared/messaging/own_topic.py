"""An owner publishes nothing before it has seen that its topic knows no more than its database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiokafka.errors import KafkaError

from shared.messaging.brokers import Kafka
from shared.messaging.producer import Message, Producer
from shared.messaging.tasks import end
from shared.store.driver import AWAY
from shared.telemetry.ending import CannotGoOn

log = logging.getLogger("ponte.own-topic")

START_S: Final = 3.0
"""So long a start waits for Kafka; where it is away, the look is made up for before the first message."""
_LOOK_S: Final = 15.0
"""So long a message waits for the look."""
_LOOK_AT_MOST_S: Final = 45.0
"""A look goes on while those who wait for it give up: a busy machine may need longer than one waits."""

_AWAY: Final[tuple[type[Exception], ...]] = (KafkaError, TimeoutError, *AWAY)


class OwnTopic:
    """The look at the own topic. ``look`` answers a sentence where the topic is ahead (``topic_ahead``).

    ``refused`` learns that sentence where the look could only be made after the start.
    """

    def __init__(self, look: Callable[[], Awaitable[str | None]], refused: Callable[[str], None]) -> None:
        self._look = look
        self._refused = refused
        self._gate = asyncio.Lock()
        self._seen = False
        self._ahead: str | None = None
        self._looking: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """A look that is under way ends."""
        await end(self._looking)

    async def at_start(self) -> None:
        """Raises ``CannotGoOn`` where the topic is ahead; where Kafka is away, the look is left for later."""
        try:
            await self._see(START_S)
        except _AWAY as error:
            log.warning("the own topic is looked at later: %r", error)

    async def seen(self) -> None:
        """Returns once the topic has been seen not to be ahead.

        Raises ``CannotGoOn`` where it is, for good, and a ``KafkaError``, ``TimeoutError`` or one of the
        store's ``AWAY`` where that cannot be told now.
        """
        if self._seen:
            return
        known = self._ahead
        try:
            await self._see(_LOOK_S)
        except CannotGoOn as error:
            if known is None:
                self._refused(str(error))
            raise

    async def _see(self, within: float) -> None:
        async with self._gate:
            if self._ahead is None and not self._seen:
                if self._looking is None or self._looking.done():
                    self._looking = asyncio.create_task(self._look_once())
                    self._looking.add_done_callback(_heard)
                await asyncio.wait_for(asyncio.shield(self._looking), within)
            if self._ahead is not None:
                raise CannotGoOn(self._ahead)

    async def _look_once(self) -> None:
        async with asyncio.timeout(_LOOK_AT_MOST_S):
            self._ahead = await self._look()
        self._seen = self._ahead is None


def _heard(look: asyncio.Task[None]) -> None:
    """Also a failure that nobody waits for any longer is no news to asyncio."""
    if not look.cancelled():
        look.exception()


class OwnersProducer(Producer):
    """A producer that sends nothing before its owner's topic was looked at."""

    def __init__(self, kafka: Kafka, *, client_id: str, own_topic: OwnTopic) -> None:
        super().__init__(kafka, client_id=client_id)
        self._own_topic = own_topic

    async def send_all(self, topic: str, groups: Sequence[Sequence[Message]]) -> list[BaseException | None]:
        """As every producer, and raises what ``OwnTopic.seen`` raises."""
        await self._own_topic.seen()
        return await super().send_all(topic, groups)

    async def send_bulk(self, topic: str, messages: Sequence[Message]) -> None:
        """As every producer, and raises what ``OwnTopic.seen`` raises."""
        await self._own_topic.seen()
        await super().send_bulk(topic, messages)

    async def stop(self) -> None:
        """As every producer; a look that is under way ends, too."""
        await self._own_topic.stop()
        await super().stop()
