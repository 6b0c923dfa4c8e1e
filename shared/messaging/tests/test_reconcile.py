"""What the broker lost comes back from the owners' journals; what was set aside holds up its subject only."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.agenda import MissionScheduled
from shared.messaging import heads, reconcile
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.generations import Generation, live_generation, request
from shared.messaging.incoming import Event
from shared.messaging.letters import REQUEUED, LetterStatus, record_of
from shared.messaging.reconcile import partition_of
from shared.messaging.runtime import ServiceRuntime
from shared.messaging.tests.test_flow import Flow, Seen, drained, store
from shared.messaging.topics import replay_topic
from shared.store.driver import Database, Document
from shared.testing.waiting import eventually


@dataclass
class Reacted:
    """A reaction that remembers, and fails on the places that it is told."""

    places: list[tuple[str, int]] = field(default_factory=list)
    broken: set[int] = field(default_factory=set)

    async def __call__(self, event: Event) -> None:
        if event.sequence in self.broken:
            raise ZeroDivisionError("a fault of the program")
        self.places.append((event.subject, event.sequence))


def first(events: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return list(dict.fromkeys(events))


async def mark_of(runtime: ServiceRuntime, collection: str, subject: str) -> Document:
    found = await runtime.database[collection].find_one({"_id": subject})
    assert found is not None
    return found


async def test_marks_stand_at_the_last_event(flow: Flow) -> None:
    reader = await flow.reader(projection=Seen(), reactions={})
    _, missions = await flow.owner()
    for _ in range(3):
        await store(missions, "mission-1")

    async def arrived() -> bool:
        marks = [await mark_of(reader, name, "mission-1") for name in ("marks", "inbox")]
        return [(mark["topic"], mark["epoch"], mark["sequence"]) for mark in marks] == 2 * [
            ("ponte.agenda", 1, 3)
        ]

    await eventually(arrived, within=15)


async def test_a_topic_that_was_emptied_is_healed_from_the_journal(flow: Flow) -> None:
    owner, missions = await flow.owner()
    for number in range(5):
        await asyncio.gather(*(store(missions, f"mission-{m}", f"{number}") for m in range(10)))
    await eventually(lambda: drained(owner))
    admin = AIOKafkaAdminClient(bootstrap_servers=flow.where.kafka_bootstrap_servers)
    await admin.start()
    try:
        await admin.delete_topics([flow.where.topic_prefix + flow.topic])
    finally:
        await admin.close()
    seen = Seen()
    reader = await flow.reader(projection=seen)
    expected = {(f"mission-{m}", n) for m in range(10) for n in range(1, 6)}
    await eventually(lambda: set(seen.events) == expected, within=40)
    for m in range(10):
        assert [n for subject, n in first(seen.events) if subject == f"mission-{m}"] == [1, 2, 3, 4, 5]

    async def covered() -> bool:
        return await reader.database["marks"].count_documents({"sequence": 5}) == 10

    await eventually(covered, within=10)
    # And what is new goes its usual way.
    await store(missions, "mission-1")
    await eventually(lambda: ("mission-1", 6) in seen.events, within=20)


async def test_events_that_the_group_was_led_past_are_asked_for(flow: Flow) -> None:
    owner, missions = await flow.owner()
    await store(missions, "mission-1")
    await store(missions, "mission-1")
    await eventually(lambda: drained(owner))
    topic = flow.where.topic_prefix + flow.topic
    async with AIOKafkaConsumer(
        bootstrap_servers=flow.where.kafka_bootstrap_servers,
        group_id=f"{flow.where.database_prefix}reader",
        enable_auto_commit=False,
    ) as consumer:
        partitions = [TopicPartition(topic, number) for number in range(24)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        assert ends[partitions[partition_of("mission-1", 24)]] == 2
        await consumer.commit(ends)
    reacted = Reacted()
    await flow.reader(reactions={MissionScheduled.TYPE: reacted})
    await eventually(lambda: first(reacted.places) == [("mission-1", 1), ("mission-1", 2)], within=30)


async def test_a_dead_letter_holds_up_the_reactions_of_its_subject_alone(flow: Flow) -> None:
    reacted = Reacted(broken={2})
    reader = await flow.reader(reactions={MissionScheduled.TYPE: reacted})
    _, missions = await flow.owner()
    for _ in range(4):
        await store(missions, "mission-1")
    await store(missions, "mission-2")
    letters = DeadLetters(reader.database)

    async def two_wait() -> bool:
        return [row["sequence"] for row in await letters.waiting("mission-1")] == [3, 4]

    await eventually(two_wait, within=20)
    await eventually(lambda: set(reacted.places) == {("mission-1", 1), ("mission-2", 1)}, within=10)
    mark = await eventually(lambda: mark_of(reader, "inbox", "mission-1"))
    assert mark["parked"] == [[1, 2]]
    # The fault is mended and the letter is given to its reader once more: all goes on in order.
    reacted.broken.clear()
    (letter,) = await letters.list()
    await requeue(flow, await letters.get(letter["_id"]))
    await eventually(
        lambda: [n for s, n in first(reacted.places) if s == "mission-1"] == [1, 2, 3, 4], within=20
    )

    async def nothing_waits() -> bool:
        assert await letters.waiting("mission-1") == []
        assert (await mark_of(reader, "inbox", "mission-1"))["parked"] == []
        stored = await letters.get(letter["_id"])
        return stored is not None and stored["status"] == LetterStatus.RESOLVED

    await eventually(nothing_waits, within=10)
    await store(missions, "mission-1")
    await eventually(lambda: ("mission-1", 5) in reacted.places, within=10)


async def requeue(flow: Flow, letter: Document | None) -> None:
    assert letter is not None
    record = record_of(letter)
    async with AIOKafkaProducer(bootstrap_servers=flow.where.kafka_bootstrap_servers) as producer:
        await producer.send_and_wait(
            flow.where.topic_prefix + replay_topic("reader"),
            key=record.key,
            value=record.value,
            headers=[*record.headers, (REQUEUED, letter["_id"].encode())],
        )


async def test_poison_in_an_events_place_does_not_hide_the_event(flow: Flow) -> None:
    reacted = Reacted()
    reader = await flow.reader(reactions={MissionScheduled.TYPE: reacted})
    _, missions = await flow.owner()
    await store(missions, "mission-1")
    await eventually(lambda: first(reacted.places) == [("mission-1", 1)], within=15)
    async with AIOKafkaProducer(bootstrap_servers=flow.where.kafka_bootstrap_servers) as producer:
        await producer.send_and_wait(
            flow.where.topic_prefix + flow.topic,
            key=b"mission-1",
            value=b"no event",
            headers=[
                ("ce_id", b"1"),
                ("ce_type", MissionScheduled.TYPE.encode()),
                ("ce_subject", b"mission-1"),
                ("ce_time", b"2026-11-26T12:00:00Z"),
                ("ce_epoch", b"1"),
                ("ce_sequence", b"2"),
            ],
        )

    async def parked() -> bool:
        mark = await mark_of(reader, "inbox", "mission-1")
        return bool(mark["parked"] == [[1, 2]])

    await eventually(parked, within=15)
    await store(missions, "mission-1")
    await store(missions, "mission-1")
    await eventually(lambda: first(reacted.places) == [("mission-1", n) for n in (1, 2, 3)], within=15)


async def test_of_a_restored_owner_only_the_journal_counts_for_the_time_before(flow: Flow) -> None:
    seen = Seen()
    reader = await flow.reader(projection=seen)
    owner, missions = await flow.owner()
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1)], within=15)
    await eventually(lambda: drained(owner))
    assert reader._reading is not None
    await reader._reading.owners.heard("ponte.agenda", 2)
    await store(missions, "mission-9")  # this replica still writes in epoch 1
    await eventually(lambda: drained(owner))
    # The owner lists it among its heads, in epoch 1: it counts because its journal says so, in no other way.
    assert ("mission-9", 1) not in seen.events


@dataclass
class HeldUp(Seen):
    """A view of which a mark stays behind while it is built: its event came ahead of another."""

    database: Database | None = None

    async def complete(self, _: Generation | None) -> int:
        """The last step before the switch."""
        if self.database is not None:
            await self.database["marks.g2"].update_one({"_id": "mission-1"}, {"$set": {"sequence": 1}})
            self.database = None
        return 0


async def test_a_mark_that_stayed_behind_in_a_rebuild_moves_though_nothing_new_comes(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "ROUND_S", 0.1)
    view = HeldUp()
    reader = await flow.reader(projection=view)
    owner, missions = await flow.owner()
    for _ in range(2):
        await store(missions, "mission-1")
    await eventually(lambda: drained(owner))
    await eventually(lambda: at(reader, "marks", 2), within=15)
    # From here on the owner's own rounds tell of it only after a minute.
    await eventually(lambda: quiet(owner), within=15)
    view.database = reader.database
    await request(reader.database, "a test")
    await eventually(lambda: live(reader, 2), within=20)
    await eventually(lambda: at(reader, "marks.g2", 2), within=15)
    assert view.database is None


async def at(runtime: ServiceRuntime, collection: str, sequence: int) -> bool:
    return bool((await mark_of(runtime, collection, "mission-1"))["sequence"] == sequence)


async def live(runtime: ServiceRuntime, number: int) -> bool:
    return await live_generation(runtime.database) == Generation(number)


def quiet(owner: ServiceRuntime) -> bool:
    """The owner has told the heads of what is new, and has been through all of them once."""
    assert owner._publishing is not None
    told = owner._publishing.heads
    return not told._fresh and told._sweep._place == (0, "") and told._sweep._next_at > 0


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "TICK_S", 0.2)
    monkeypatch.setattr(reconcile, "ASK_AGAIN_S", 2.0)
