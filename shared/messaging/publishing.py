"""The owner's side of the event flow: relay, heads and answers for the past."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shared.messaging.answers import Answers
from shared.messaging.heads import HeadsPublisher
from shared.messaging.producer import Producer
from shared.messaging.relay import Relay
from shared.store.driver import Database


class Publishing:
    """What a service that owns aggregates needs to tell others about them."""

    def __init__(
        self,
        database: Database,
        aggregates: Sequence[str],
        *,
        topic: str,
        epoch: int,
        producer: Producer,
        topic_prefix: str,
        failed: Callable[[BaseException], None],
    ) -> None:
        self.heads = HeadsPublisher(
            database,
            aggregates,
            topic=topic,
            epoch=epoch,
            producer=producer,
            topic_prefix=topic_prefix,
        )
        self.relay = Relay(
            database,
            aggregates,
            topic_prefix + topic,
            producer,
            on_published=self.heads.published,
            on_failure=failed,
        )
        self.answers = Answers(
            database,
            topic=topic,
            epoch=epoch,
            producer=producer,
            heads=self.heads,
            aggregates=aggregates,
            topic_prefix=topic_prefix,
        )

    async def start(self) -> None:
        await self.relay.start()
        await self.heads.start()
        await self.answers.start()

    async def stop(self) -> None:
        """Answers and heads at once; the relay finishes what is under way, within its time limit."""
        await self.answers.stop()
        await self.heads.stop()
        await self.relay.stop()
