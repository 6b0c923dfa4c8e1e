"""What the end of a topic tells its owner, on a real Kafka and a real mongod."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from aiokafka import AIOKafkaProducer

from shared.messaging.ahead import last_events, topic_ahead, topic_epoch
from shared.messaging.envelope import to_message
from shared.messaging.producer import Producer
from shared.messaging.topics import ensure_topics, topic_of
from shared.store import JOURNAL, Database, Repository, close, connect, prepare
from shared.store.driver import Document
from shared.testing.builders import a_command, a_mission, scheduled


@dataclass
class Owner:
    database: Database
    topic: str
    bootstrap: str

    async def put(self, subject: str, *, epoch: int = 1, publish: bool = True) -> Document:
        missions = Repository(
            self.database["missions"], self.database[JOURNAL], type(a_mission()), epoch=epoch, what="id"
        )
        title = f"{subject} {epoch} {len(await missions.page())} {id(object())}"
        await missions.put(subject, a_command(), lambda _: scheduled(a_mission(title=title)))
        document = await self.database["missions"].find_one({"_id": subject})
        assert document is not None
        if publish:
            producer = Producer(self.bootstrap, client_id="test")
            await producer.send(self.topic, [to_message(document["outbox"][-1], "/ponte/agenda")])
            await producer.stop()
        return document

    async def ahead(self, epoch: int = 1) -> str | None:
        return await asyncio.wait_for(
            topic_ahead(self.database, ["missions"], self.topic, self.bootstrap, epoch), 10
        )


@pytest.fixture
async def owner(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], topic_prefix: str
) -> AsyncIterator[Owner]:
    client = connect(mongodb_uri)
    made = Owner(client[database_name("agenda")], f"{topic_prefix}.agenda", kafka_bootstrap)
    await prepare(made.database, ["missions"])
    await ensure_topics(kafka_bootstrap, [topic_of(made.topic)])
    yield made
    await close(client)


async def test_a_missing_and_an_empty_topic_are_not_ahead(owner: Owner) -> None:
    assert await owner.ahead() is None
    assert await last_events(f"{owner.topic}.none", owner.bootstrap) == []
    assert await topic_epoch(owner.topic, owner.bootstrap) == 0


async def test_an_owner_that_knows_what_it_published_starts(owner: Owner) -> None:
    for number in range(5):
        await owner.put(f"mission-{number}")
    await owner.put("mission-1", publish=False)
    assert await owner.ahead() is None


async def test_an_aggregate_put_back_is_noticed(owner: Owner) -> None:
    before = await owner.put("mission-1")
    await owner.put("mission-1")
    await owner.database["missions"].replace_one({"_id": "mission-1"}, before)
    said = await owner.ahead()
    assert said is not None
    assert "mission-1 up to epoch 1, sequence 2" in said
    assert "only up to epoch 1, sequence 1" in said
    assert "ponte restore" in said


async def test_an_unknown_aggregate_is_noticed(owner: Owner) -> None:
    await owner.put("mission-1")
    await owner.database["missions"].delete_one({"_id": "mission-1"})
    said = await owner.ahead()
    assert said is not None
    assert "only up to nothing" in said


async def test_after_a_restore_the_old_epoch_may_be_ahead(owner: Owner) -> None:
    before = await owner.put("mission-1")
    await owner.put("mission-1")
    await owner.database["missions"].replace_one({"_id": "mission-1"}, before)
    assert await owner.ahead(epoch=2) is None
    assert await topic_epoch(owner.topic, owner.bootstrap) == 1
    await owner.put("mission-1", epoch=2)
    assert await topic_epoch(owner.topic, owner.bootstrap) == 2
    assert await owner.ahead(epoch=2) is None
    # A volume of before that restore, put back by hand.
    await owner.database["missions"].replace_one({"_id": "mission-1"}, before)
    assert await owner.ahead(epoch=1) is not None


async def test_garbage_at_the_end_hides_nothing_and_proves_nothing(owner: Owner) -> None:
    await owner.put("mission-1")
    _, value, headers = to_message((await owner.put("mission-1", publish=False))["outbox"][-1], "/x")
    forged = [(name, b"mission-9" if name == "ce_subject" else raw) for name, raw in headers]
    async with AIOKafkaProducer(bootstrap_servers=owner.bootstrap) as producer:
        for sent_value, sent_headers in ((b"{", []), (b"\xff", [("ce_type", b"\xff")]), (value, forged)):
            await producer.send_and_wait(
                owner.topic, value=sent_value, key=b"mission-1", headers=sent_headers
            )
    assert [event.sequence for event in await last_events(owner.topic, owner.bootstrap)] == [1]
    assert await owner.ahead() is None


async def test_only_the_end_of_a_long_topic_is_read(owner: Owner) -> None:
    for _ in range(25):
        await owner.put("mission-1")
    events = await last_events(owner.topic, owner.bootstrap)
    assert [event.sequence for event in events] == list(range(6, 26))
