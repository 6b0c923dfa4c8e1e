"""A reader that has gone silent is replaced; one that holds for an engine is left alone."""

import asyncio
import math
import time
from operator import attrgetter
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.agenda import Mission
from shared.messaging import reader as reader_module
from shared.messaging import subscription as subscription_module
from shared.messaging.brokers import Brokers
from shared.messaging.reader import Reader
from shared.messaging.tests.test_flow import Flow, Seen, store
from shared.store import Repository
from shared.testing.waiting import eventually


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "SILENT_S", 1.5)
    monkeypatch.setattr(reader_module, "WATCH_S", 0.3)


async def with_one_read(flow: Flow) -> tuple[Reader, Repository[Mission], Seen]:
    """A reader that has read the first event of mission-1."""
    seen = Seen()
    runtime = await flow.reader(projection=seen)
    _, missions = await flow.owner()
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1)], within=15)
    assert runtime._reading is not None
    return runtime._reading.reader, missions, seen


async def deaf(*_: object) -> None:
    """In the place of a question to Kafka: no answer."""
    raise TimeoutError


async def fall_silent(consumer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on whoever asks it for messages waits for ever."""
    asked = asyncio.Event()

    async def nothing(**_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(consumer, "getmany", nothing)
    await asyncio.wait_for(asked.wait(), 10)


async def go_on_with_another(
    reader: Reader, consumer: Any, missions: Repository[Mission], seen: Seen
) -> None:
    await eventually(lambda: reader._subscription.consumer is not consumer, within=8)
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1), ("mission-1", 2)], within=15)


@pytest.mark.usefixtures("impatient")
async def test_a_silent_subscriber_is_replaced(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, missions, seen = await with_one_read(flow)
    silent = reader._subscription.consumer
    await fall_silent(silent, monkeypatch)
    await store(missions, "mission-1")
    # The batch that was cut off comes again: at least once, and in order.
    await eventually(lambda: seen.first == [("mission-1", 1), ("mission-1", 2)], within=20)
    assert reader._subscription.consumer is not silent
    assert not reader.stuck()


async def test_a_subscriber_whose_group_has_ended_is_replaced_at_once(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As uvloop has it, which raises no ``OSError`` on a closed connection."""
    reader, missions, seen = await with_one_read(flow)
    consumer: Any = reader._subscription.consumer

    async def closed(*_: object) -> None:
        raise RuntimeError("the handler is closed")

    monkeypatch.setattr(consumer._client, "coordinator_lookup", closed)
    consumer._coordinator.coordinator_dead()
    await go_on_with_another(reader, consumer, missions, seen)


@pytest.mark.parametrize("part", ["_fetcher._fetch_task", "_client._sync_task"])
async def test_a_subscriber_of_which_a_part_has_ended_is_replaced_at_once(flow: Flow, part: str) -> None:
    """It keeps its place in the group, and nobody is told: on what uvloop raises, too."""
    reader, missions, seen = await with_one_read(flow)
    consumer: Any = reader._subscription.consumer
    attrgetter(part)(consumer).cancel()
    await go_on_with_another(reader, consumer, missions, seen)


async def test_a_subscriber_that_ends_its_own_end_is_replaced_all_the_same(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiokafka cancels what it is fetching and waits for it: that cancelled the watchdog, too."""
    reader, missions, seen = await with_one_read(flow)
    consumer: Any = reader._subscription.consumer

    async def stop() -> None:
        ending = asyncio.create_task(asyncio.sleep(60))
        ending.cancel()
        await ending

    monkeypatch.setattr(consumer, "stop", stop)
    consumer._coordinator._coordination_task.cancel()
    await go_on_with_another(reader, consumer, missions, seen)
    assert not reader.stuck()
    assert consumer._fetcher._fetch_task.done(), "the one before it goes on fetching beside it, for good"


async def test_a_reader_that_nobody_watches_is_stuck(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, _, _ = await with_one_read(flow)
    monkeypatch.setattr(reader_module, "STUCK_S", 3.0)
    assert not reader.stuck()
    assert reader._watcher is not None
    reader._watcher.cancel()
    await eventually(reader.stuck, within=10)


@pytest.mark.usefixtures("impatient")
async def test_a_subscriber_that_cannot_even_ask_is_replaced(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, missions, seen = await with_one_read(flow)
    consumer: Any = reader._subscription.consumer

    monkeypatch.setattr(reader_module, "ALONE_S", 1.0)
    monkeypatch.setattr(consumer, "end_offsets", deaf)
    await fall_silent(consumer, monkeypatch)
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1), ("mission-1", 2)], within=20)
    assert reader._subscription.consumer is not consumer


@pytest.mark.usefixtures("impatient")
async def test_a_subscriber_that_could_not_ask_is_given_its_time_when_it_can_again(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka was away for longer than a reader may be silent, and its messages are only on their way."""
    reader, missions, seen = await with_one_read(flow)
    consumer: Any = reader._subscription.consumer
    asked: list[bool] = []

    async def nobody(*_: object) -> bool:
        asked.append(True)
        return False

    await fall_silent(consumer, monkeypatch)
    with monkeypatch.context() as away:
        away.setattr(Brokers, "answer", nobody)
        away.setattr(consumer, "end_offsets", deaf)
        await store(missions, "mission-1")
        await eventually(lambda: len(asked) > 3, within=15)
    back_at = time.monotonic()
    await eventually(lambda: reader._subscription.consumer is not consumer, within=15)
    assert time.monotonic() - back_at > reader_module.SILENT_S - reader_module.WATCH_S
    await eventually(lambda: seen.first == [("mission-1", 1), ("mission-1", 2)], within=15)


@pytest.mark.usefixtures("impatient")
async def test_a_subscriber_that_cannot_ask_is_left_alone_while_nobody_can_and_shortly_after(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To join the group once more takes longer than to go on when Kafka is back."""
    runtime = await flow.reader(projection=Seen())
    assert runtime._reading is not None
    reader = runtime._reading.reader
    await eventually(lambda: bool(reader._notes.partitions), within=15)
    consumer: Any = reader._subscription.consumer
    answers: list[bool] = []

    async def answer(_: object, __: float) -> bool:
        answers.append(len(answers) >= 5)
        return answers[-1]

    monkeypatch.setattr(Brokers, "answer", answer)
    monkeypatch.setattr(consumer, "end_offsets", deaf)

    async def one_more() -> bool:
        assert reader._subscription.consumer is consumer
        return len(answers) > 8

    await eventually(one_more, within=15)
    monkeypatch.undo()
    await eventually(lambda: reader._alone_since == math.inf, within=10)
    assert reader._subscription.consumer is consumer


@pytest.mark.usefixtures("impatient")
async def test_a_quiet_topic_is_not_a_silent_reader(flow: Flow) -> None:
    runtime = await flow.reader(projection=Seen())
    assert runtime._reading is not None
    reader = runtime._reading.reader
    await eventually(lambda: bool(reader._notes.partitions), within=15)
    consumer = reader._subscription.consumer
    quiet_until = asyncio.get_running_loop().time() + 4

    def still_the_same() -> bool:
        assert reader._subscription.consumer is consumer
        return asyncio.get_running_loop().time() > quiet_until

    await eventually(still_the_same, within=10)


async def test_a_subscriber_that_was_too_slow_to_start_keeps_no_partitions(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be given its share, beside its successor in the same process, and read none of it."""
    started = AIOKafkaConsumer.start
    slow: list[AIOKafkaConsumer] = []

    async def start(self: Any) -> None:
        await started(self)
        if self._group_id is not None and not slow:
            slow.append(self)
            await asyncio.Event().wait()

    monkeypatch.setattr(AIOKafkaConsumer, "start", start)
    monkeypatch.setattr(subscription_module, "START_S", 4.0)
    seen = Seen()
    runtime = await flow.reader(projection=seen)
    _, missions = await flow.owner()
    for number in range(24):
        await store(missions, f"mission-{number}")
    await eventually(lambda: len(seen.first) == 24, within=30)
    assert slow
    admin = AIOKafkaAdminClient(bootstrap_servers=flow.where.kafka_bootstrap_servers)
    await admin.start()
    (told,) = await admin.describe_consumer_groups([f"{flow.where.database_prefix}reader"])
    await admin.close()
    members = told.groups[0][5]
    assert len(members) == 1
    assert runtime._reading is not None
    assert runtime._reading.reader._subscription.consumer is not slow[0]
