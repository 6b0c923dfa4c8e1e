"""Replicas that come and go, and a reader that falls silent without a word."""

from __future__ import annotations

from shared.testing.waiting import eventually
from tests.faults.scene import LONG_RATE, Row, Scene
from tests.faults.world import now

REPLACED = "ponte_reader_replaced_total"


async def third_replica(scene: Scene, service: str) -> None:
    """A third process joins the group, gets partitions, and leaves."""
    replicas = scene.world.replicas[service]
    third = scene.world.new_replica(service, 3)
    replicas.append(third)
    third.start()
    await eventually(third.ready, within=60)
    scene.saw(f"{third.name} was given partitions")
    since = now()
    await scene.recover(since=since)
    await scene.accepted(200)
    since = now()
    await third.stop()
    replicas.remove(third)
    scene.saw(f"and left the group after {now() - since:.1f} s")
    await scene.recover(since=since)


async def rebalance(scene: Scene) -> None:
    """The dashboard's group, then that of agreements."""
    for service in ("dashboard", "agreements"):
        await third_replica(scene, service)


async def silent(scene: Scene) -> None:
    """A reader's fetch never returns, as aiokafka's was seen to do: the watchdog has to replace it."""
    replica = scene.world.replicas["dashboard"][0]
    before, since = len(replica.fired()), now()
    replaced = (await scene.world.metrics()).get(REPLACED, 0)
    replica.arm("silent")
    await eventually(lambda: len(replica.fired()) > before, within=10)
    await scene.recover(since=since, within=40)
    after = (await scene.world.metrics()).get(REPLACED, 0)
    scene.saw(f"a fetch of {replica.name} never returned; {after - replaced:.0f} subscribers replaced")


ROWS: list[Row] = [
    Row("rebalance", "a third replica joins the group and leaves it again", rebalance, rate=LONG_RATE),
    Row("reader-silent", "a reader falls silent without an error", silent, None),
]
