"""Messages that come again, and messages that come in another order than they were sent."""

from __future__ import annotations

from aiokafka import AIOKafkaProducer

from shared.testing.waiting import eventually
from tests.faults import log
from tests.faults.replicas import Replica
from tests.faults.scene import Row, Scene
from tests.faults.world import TOPICS, now

READERS = ("dashboard", "agreements", "agenda", "networks", "dossiers")


async def again(scene: Scene) -> None:
    """All that the row's log holds comes once more, each partition's latest first.

    All of it: partitions are read in any order, and a part could be without the few events that are reacted
    to.
    """
    await scene.accepted(250)
    bootstrap = scene.world.kafka.bootstrap_servers
    messages = await log.since(bootstrap, scene.start, TOPICS)
    before = await scene.world.metrics()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for message in reversed(messages):
            await producer.send(
                message.partition.topic, message.value, message.key, headers=list(message.headers)
            )
        await producer.flush()
    since = now()
    await scene.recover(since=since)
    await scene.accepted(100)
    after = await scene.world.metrics()
    seen = after.get(REPEATED, 0) - before.get(REPEATED, 0)
    if seen > 0:
        scene.saw(f"{len(messages)} events sent again, {seen:.0f} seen to be repeated")


def _touched(replica: Replica) -> int:
    """How many deliveries the patched process says that it has touched."""
    return int((replica.folder / "shuffled").read_text() or 0)


REPEATED = "ponte_reader_duplicates_total"


async def shuffled(scene: Scene) -> None:
    """Readers are handed some messages twice, some late and some in another order."""
    await scene.world.heal(READERS, PONTE_FAULTS_PATCHES="shuffled-deliveries")
    since = now()
    await scene.accepted(500)
    # Each process writes its count over the last one, and may be at it now.
    await eventually(lambda: all(_touched(replica) for replica in scene.world.all(READERS)), within=20)
    counts = [_touched(replica) for replica in scene.world.all(READERS)]
    scene.saw(f"{sum(counts)} deliveries late, doubled or in another order, in {len(counts)} processes")
    await scene.recover(since=since)
    # In order from here on: while answers are shuffled, too, every question is followed by another.
    await scene.world.heal()


ROWS: list[Row] = [
    Row("deliveries-again", "every event of the row delivered once more, in reverse order", again, None),
    Row(
        "deliveries-shuffled",
        "deliveries doubled, late and in another order",
        shuffled,
        None,
        heals=True,
        settle_s=180.0,
    ),
]
