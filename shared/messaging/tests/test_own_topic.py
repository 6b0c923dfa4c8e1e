"""When an owner looks at its own topic, and what it sends before: nothing."""

import asyncio

import pytest

from shared.messaging import own_topic
from shared.messaging.own_topic import OwnersProducer, OwnTopic
from shared.telemetry.ending import CannotGoOn


class Look:
    """Answers what it is told to, in turn; the last for ever."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.looks = 0

    async def __call__(self) -> str | None:
        self.looks += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_a_topic_that_is_ahead_stops_the_start() -> None:
    refused: list[str] = []
    own = OwnTopic(Look("the topic is ahead"), refused.append)
    with pytest.raises(CannotGoOn, match="the topic is ahead"):
        await own.at_start()
    assert refused == []


async def test_one_look_is_enough() -> None:
    look = Look(None)
    own = OwnTopic(look, lambda _: None)
    await own.at_start()
    await asyncio.gather(*(own.seen() for _ in range(5)))
    assert look.looks == 1


async def test_where_kafka_was_away_the_first_message_waits_for_the_look() -> None:
    refused: list[str] = []
    own = OwnTopic(Look(TimeoutError(), TimeoutError(), "the topic is ahead"), refused.append)
    await own.at_start()
    with pytest.raises(TimeoutError):
        await own.seen()
    for _ in range(2):
        with pytest.raises(CannotGoOn, match="the topic is ahead"):
            await own.seen()
    assert refused == ["the topic is ahead"]


async def test_a_look_goes_on_while_those_who_wait_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_topic, "START_S", 0.01)
    looked, looks = asyncio.Event(), 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        await looked.wait()

    own = OwnTopic(look, lambda _: None)
    await own.at_start()
    looked.set()
    await own.seen()
    assert looks == 1


async def test_a_producer_sends_nothing_before_the_look(kafka_bootstrap: str, topic_prefix: str) -> None:
    from aiokafka import AIOKafkaConsumer, TopicPartition

    from shared.messaging.topics import ensure_topics, topic_of

    topic = f"{topic_prefix}.agenda"
    await ensure_topics(kafka_bootstrap, [topic_of(topic)])
    look = Look(TimeoutError(), None)
    producer = OwnersProducer(kafka_bootstrap, client_id="test", own_topic=OwnTopic(look, lambda _: None))
    message: tuple[bytes, bytes, list[tuple[str, bytes]]] = (b"k", b"v", [])
    with pytest.raises(TimeoutError):
        await producer.send(topic, [message])
    await producer.send(topic, [message])
    await producer.stop()
    async with AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap) as consumer:
        ends = await consumer.end_offsets([TopicPartition(topic, number) for number in range(24)])
    assert sum(ends.values()) == 1
