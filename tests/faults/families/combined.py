"""Two faults at once."""

from __future__ import annotations

import asyncio
import signal

from shared.testing.waiting import eventually
from tests.faults.scene import Row, Scene
from tests.faults.world import now


async def owner_without_kafka(scene: Scene) -> None:
    """Kafka is away, commands are accepted, and the process that accepted them is killed."""
    world = scene.world
    world.kafka.kill()
    await scene.accepted(150)
    replica = world.replicas["agenda"][0]
    scene.restarts_allowed += 1
    pid, ended = replica.end(signal.SIGKILL, "SIGKILL"), len(replica.endings)
    await eventually(lambda: len(replica.endings) > ended, within=10)
    await scene.accepted(100)
    await world.kafka.start()
    scene.saw(f"{replica.name} {pid} killed while Kafka was away; 250 commands accepted meanwhile")
    await scene.recover(since=now())


async def mongod_in_a_rebalance(scene: Scene) -> None:
    """mongod is killed while a third dashboard joins the group."""
    world = scene.world
    third = world.new_replica("dashboard", 3)
    world.replicas["dashboard"].append(third)
    third.start()
    await eventually(lambda: b"listening" in third.log_file.read_bytes(), within=40)
    pid = world.mongod.pid
    world.mongod.kill()
    await world.mongod.start()
    since = now()
    await eventually(third.ready, within=60)
    await scene.recover(since=since)
    await third.stop()
    world.replicas["dashboard"].remove(third)
    scene.saw(f"mongod {pid} killed while {third.name} joined the group")


async def both_engines(scene: Scene) -> None:
    """Both engines die at the same moment, as with a power cut of their machine."""
    world = scene.world
    pids = world.kafka.pid, world.mongod.pid
    world.kafka.kill()
    world.mongod.kill()
    await asyncio.gather(world.kafka.start(), world.mongod.start())
    scene.saw(f"kafka {pids[0]} and mongod {pids[1]} killed at the same moment")
    await scene.recover(since=now())


async def reader_on_a_slow_store(scene: Scene) -> None:
    """MongoDB answers late, and a reader dies between two writes."""
    proxy = scene.world.mongo_proxy
    proxy.delay = 0.3
    await scene.kill_at(scene.world.replicas["dashboard"][0], "states-not-feed", nth=2)
    proxy.delay = 0.0


ROWS: list[Row] = [
    Row("kill-owner-without-kafka", "an owner killed while Kafka is away", owner_without_kafka, 5.0),
    Row("mongod-kill-in-rebalance", "mongod killed during a rebalance", mongod_in_a_rebalance),
    Row("both-engines-kill", "Kafka and mongod killed at the same moment", both_engines, 5.0),
    Row("kill-reader-slow-store", "a reader killed while MongoDB is slow", reader_on_a_slow_store, None),
]
