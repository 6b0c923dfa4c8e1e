"""From a command to a reader, on a real mongod and a real Kafka."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from shared.contracts.agenda import Mission, MissionScheduled
from shared.domain import NotFound
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.incoming import Event
from shared.messaging.runtime import ServiceRuntime
from shared.store import Repository
from shared.store.driver import Document
from shared.store.errors import Unavailable
from shared.testing.builders import a_command, a_mission, scheduled
from shared.testing.waiting import eventually


@dataclass
class Where:
    kafka_bootstrap_servers: str
    mongodb_uri: str
    database_prefix: str
    topic_prefix: str = ""
    mongodb_driver: Any = "motor"

    def brokers(self) -> str:
        return self.kafka_bootstrap_servers


@dataclass
class Seen:
    """A projection that remembers what it was given, and fails when told to."""

    events: list[tuple[str, int]] = field(default_factory=list)
    fail: Callable[[Event], None] = lambda event: None

    @property
    def first(self) -> list[tuple[str, int]]:
        """Each event once, in the order of first occurrence: a rebalance may deliver some again."""
        return list(dict.fromkeys(self.events))

    async def apply(self, events: Sequence[Event]) -> None:
        for event in events:
            self.fail(event)
        self.events.extend((event.subject, event.sequence) for event in events)


@dataclass
class Flow:
    where: Where
    stack: AsyncExitStack
    topic: str = "ponte.agenda"

    async def owner(self) -> tuple[ServiceRuntime, Repository[Mission]]:
        runtime = ServiceRuntime(self.where, "agenda", topic=self.topic, aggregates=["missions"])
        await self.stack.enter_async_context(runtime.running())
        await runtime.read()
        return runtime, runtime.repository("missions", Mission, what="mission_id")

    async def reader(
        self, name: str = "reader", *, projection: "Seen | None" = None, **parts: Any
    ) -> ServiceRuntime:
        runtime = ServiceRuntime(self.where, name)
        await self.stack.enter_async_context(runtime.running())
        if projection is not None:
            parts["views"] = lambda _: [projection]
        await runtime.read([self.topic], **parts)
        return runtime

    async def send(self, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self.where.kafka_bootstrap_servers) as producer:
            await producer.send_and_wait(
                self.where.topic_prefix + self.topic, key=b"k", value=value, headers=headers
            )


@pytest.fixture
async def flow(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], topic_prefix: str
) -> AsyncIterator[Flow]:
    async with AsyncExitStack() as stack:
        yield Flow(Where(kafka_bootstrap, mongodb_uri, database_name(""), f"{topic_prefix}."), stack)


async def store(missions: Repository[Mission], subject: str, title: str = "x") -> None:
    await missions.put(subject, a_command(), lambda _: scheduled(a_mission(mission_id=subject, title=title)))


async def drained(runtime: ServiceRuntime) -> bool:
    """All outboxes are empty and everything is in the journal."""
    return await runtime.database["missions"].count_documents({"outbox._id": {"$gt": ""}}) == 0


async def test_what_was_stored_is_read_in_order_and_journalled(flow: Flow) -> None:
    seen = Seen()
    await flow.reader(projection=seen)
    owner, missions = await flow.owner()
    for number in range(10):
        await asyncio.gather(*(store(missions, f"mission-{m}", f"{number}") for m in range(20)))
    await eventually(lambda: len(set(seen.events)) == 200, within=20)
    for m in range(20):
        # A rebalance may deliver some again; what counts is that each first came in order.
        first_seen = dict.fromkeys(seen.events)
        assert [n for subject, n in first_seen if subject == f"mission-{m}"] == list(range(1, 11))
    await eventually(lambda: drained(owner))
    journal = await owner.database["journal"].find({}).to_list(length=1000)
    assert len(journal) == 200
    history = await missions.history("mission-7")
    assert [event["sequence"] for event in history] == list(range(1, 11))


async def test_an_event_says_in_its_headers_what_it_is(flow: Flow) -> None:
    _, missions = await flow.owner()
    await store(missions, "mission-1")
    async with AIOKafkaConsumer(
        flow.where.topic_prefix + flow.topic,
        bootstrap_servers=flow.where.kafka_bootstrap_servers,
        auto_offset_reset="earliest",
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 20)
    headers = {name: raw.decode() for name, raw in record.headers}
    assert record.key == b"mission-1"
    assert headers["ce_type"] == MissionScheduled.TYPE
    assert (headers["ce_epoch"], headers["ce_sequence"], headers["ce_subject"]) == ("1", "1", "mission-1")
    assert headers["content-type"] == "application/json"
    assert headers["ce_specversion"] == "1.0"
    assert MissionScheduled.model_validate_json(record.value).mission.holder.name == "Mario Bianchi"


async def test_what_a_dead_replica_left_over_is_published_by_the_poll(flow: Flow) -> None:
    seen = Seen()
    await flow.reader(projection=seen)
    owner, missions = await flow.owner()
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1)], within=15)
    # Another replica stored this one and died at once: its claim is young, nobody publishes.
    missions.relay = type("Dead", (), {"token": "dead-replica", "offer": lambda *_: None})()
    await eventually(lambda: drained(owner))
    await store(missions, "mission-1")
    await store(missions, "mission-2")
    await eventually(
        lambda: set(seen.events) == {("mission-1", 1), ("mission-1", 2), ("mission-2", 1)}, within=10
    )
    await eventually(lambda: drained(owner))


async def test_a_reader_that_stops_in_between_misses_and_repeats_nothing(flow: Flow) -> None:
    _, missions = await flow.owner()
    seen = Seen()
    for part in (1, 2, 3):
        async with AsyncExitStack() as stack:
            await Flow(flow.where, stack).reader(projection=seen)
            await store(missions, f"mission-{part}")
            await eventually(functools.partial(_has, seen, part), within=15)
    assert seen.events == [("mission-1", 1), ("mission-2", 1), ("mission-3", 1)]


def _has(seen: Seen, count: int) -> bool:
    assert len(seen.events) == count, seen.events
    return True


async def test_while_an_engine_is_away_the_batch_is_held(flow: Flow) -> None:
    away = True

    def fail(event: Event) -> None:
        if away:
            raise Unavailable(field="mongodb", value="test")

    seen = Seen(fail=fail)
    reader = await flow.reader(projection=seen)
    _, missions = await flow.owner()
    await store(missions, "mission-1")

    async def holds() -> bool:
        return "reader holds: Unavailable" in await reader.problems()

    await eventually(holds, within=15)
    away = False
    await eventually(lambda: seen.first == [("mission-1", 1)], within=10)
    assert await DeadLetters(reader.database).list() == []


@pytest.mark.parametrize(
    ("reason", "value", "changed"),
    [
        ("not-json", b"\xff{", {}),
        ("wrong-schema", b'{"mission": {}}', {}),
        ("unknown-type", b"{}", {"ce_type": b"ponte.agenda.mission.teleported.v1"}),
        ("missing-headers", b"{}", {"ce_sequence": None}),
        ("wrong-headers", None, {"ce_epoch": b"one"}),
        ("unknown-type", b"{}", {"ce_type": b"\xc3\x28"}),
    ],
)
async def test_poison_is_set_aside_whole_and_the_rest_goes_on(
    flow: Flow, reason: str, value: bytes | None, changed: dict[str, bytes | None]
) -> None:
    seen = Seen()
    reader = await flow.reader(projection=seen)
    _, missions = await flow.owner()
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1)], within=15)
    healthy = {
        "ce_id": b"1",
        "ce_type": MissionScheduled.TYPE.encode(),
        "ce_subject": b"mission-9",
        "ce_time": b"2026-11-26T12:00:00Z",
        "ce_epoch": b"1",
        "ce_sequence": b"1",
    }
    headers = [(name, raw) for name, raw in {**healthy, **changed}.items() if raw is not None]
    body = MissionScheduled(mission=a_mission()).model_dump_json().encode() if value is None else value
    await flow.send(body, headers)
    letters = await eventually(lambda: one_letter(reader), within=15)
    assert letters[0]["reason"] == reason
    whole = await DeadLetters(reader.database).get(letters[0]["_id"])
    assert whole is not None
    assert bytes(whole["value"]) == body
    assert [(name, bytes(raw)) for name, raw in whole["headers"]] == headers
    await store(missions, "mission-1")
    await eventually(lambda: ("mission-1", 2) in seen.events, within=15)


async def one_letter(reader: ServiceRuntime) -> list[Document]:
    letters = await DeadLetters(reader.database).list()
    assert len(letters) == 1
    return letters


async def test_a_message_that_always_fails_is_set_aside_alone(flow: Flow) -> None:
    def fail(event: Event) -> None:
        if event.subject == "mission-bad":
            raise ZeroDivisionError("a fault of the program")

    seen = Seen(fail=fail)
    reader = await flow.reader(projection=seen)
    _, missions = await flow.owner()
    for subject in ("mission-1", "mission-bad", "mission-2"):
        await store(missions, subject)
    letters = await eventually(lambda: one_letter(reader), within=15)
    assert (letters[0]["reason"], letters[0]["attempts"]) == ("failed", 3)
    await eventually(lambda: set(seen.events) == {("mission-1", 1), ("mission-2", 1)}, within=10)


async def test_a_reaction_that_a_rule_refuses_is_an_outcome_for_an_officer(flow: Flow) -> None:
    async def react(event: Event) -> None:
        raise NotFound(field="agreement_id", value="agreement-7")

    reader = await flow.reader(reactions={MissionScheduled.TYPE: react})
    _, missions = await flow.owner()
    await store(missions, "mission-1")

    async def refused() -> Document:
        found = await reader.database["refused_reactions"].find_one({"subject": "mission-1"})
        assert found is not None
        return found

    outcome = await eventually(refused, within=15)
    assert outcome["code"] == "not-found"
    assert "agreement-7" in outcome["texts"]["it"]
    assert await DeadLetters(reader.database).list() == []


async def test_two_replicas_share_the_partitions_and_nothing_is_lost(flow: Flow) -> None:
    first, second = Seen(), Seen()
    await flow.reader(projection=first)
    owner, missions = await flow.owner()
    _, also = await flow.owner()
    await asyncio.gather(*(store(missions, f"mission-{m}") for m in range(50)))
    await flow.reader(projection=second)
    for _ in range(5):
        await asyncio.gather(*(store(missions, f"mission-{m}") for m in range(0, 50, 2)))
        await asyncio.gather(*(store(also, f"mission-{m}") for m in range(1, 50, 2)))
    await eventually(lambda: len({*first.events, *second.events}) == 300, within=30)
    await eventually(lambda: drained(owner))


async def test_the_topic_is_made_by_us(flow: Flow) -> None:
    await flow.owner()
    name = flow.where.topic_prefix + flow.topic
    async with AIOKafkaConsumer(bootstrap_servers=flow.where.kafka_bootstrap_servers) as consumer:

        async def partitions() -> int:
            await consumer._client.force_metadata_update()
            return len(consumer.partitions_for_topic(name) or ())

        consumer.assign([TopicPartition(name, 0)])
        await eventually(lambda: partitions_are(partitions), within=15)


async def partitions_are(count: Callable[[], Any]) -> bool:
    return bool(await count() == 24)
