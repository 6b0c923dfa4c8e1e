"""A broker that has lost everything that it held: the owners' journals have to fill the gap."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress

from tests.faults.scene import Row, Scene
from tests.faults.world import World, now


async def empty(world: World) -> None:
    """Kafka starts with an empty folder, as a new cluster."""
    world.kafka.kill()
    shutil.rmtree(world.kafka.folder / "logs")
    await world.kafka.start()


async def emptied(scene: Scene) -> None:
    """The readers stand still while the owners go on; then the broker is emptied, and the readers wake up."""
    frozen = [(replica, replica.pid) for replica in scene.world.all(("dashboard",))]
    for _, pid in frozen:
        os.kill(pid or 0, signal.SIGSTOP)
    try:
        await scene.accepted(200)
        await empty(scene.world)
    finally:
        for _, pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid or 0, signal.SIGCONT)
    since = now()
    scene.saw("a new, empty broker; the dashboard had not read at least 200 commands of the old one")
    await scene.recover(since=since, within=90)


async def emptied_after_kill(scene: Scene) -> None:
    """A reader dies between two writes, and the messages that it was at are gone before it is back."""
    replica = scene.world.replicas["dashboard"][0]
    await scene.kill_at(replica, "states-not-feed", nth=3, recover=False)
    await empty(scene.world)
    since = now()
    scene.saw("and the broker emptied before it was back")
    await scene.recover(since=since, within=90)


ROWS: list[Row] = [
    Row(
        "broker-emptied-after-kill",
        "a reader killed between states and feed, and the broker emptied at once",
        emptied_after_kill,
        None,
        destroys=True,
        settle_s=120.0,
    ),
    Row(
        "broker-emptied",
        "the broker loses its topics, offsets and groups",
        emptied,
        None,
        destroys=True,
        settle_s=120.0,
    ),
]
