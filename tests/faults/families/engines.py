"""Engines that go away: stopped or killed, and started again."""

from __future__ import annotations

import asyncio

from shared.local.engine import Engine
from tests.faults.scene import LONG_RATE, Act, Row, Scene
from tests.faults.world import now


def away(name: str, *, kill: bool, seconds: float) -> Act:
    """The engine stops in order or dies, stays away for so long, and comes back."""

    async def act(scene: Scene) -> None:
        engine: Engine = getattr(scene.world, name)
        pid, since = engine.pid, now()
        if kill:
            engine.kill()
        else:
            await engine.stop()
        ending = engine.ending
        await asyncio.sleep(seconds)
        retries = scene.ledger.retries
        await engine.start()
        scene.saw(f"{name} {pid} ended with {ending}, back as {engine.pid} after {now() - since:.1f} s")
        if retries:
            scene.saw(f"{retries} commands tried again")
        await scene.recover(since=now())

    return act


def _long(name: str, fault: str, act: Act) -> Row:
    return Row(name, fault, act, 5.0, rate=LONG_RATE)


ROWS: list[Row] = [
    Row("kafka-stop", "Kafka stopped, started again at once", away("kafka", kill=False, seconds=0), 5.0),
    Row("kafka-kill", "Kafka killed, started again at once", away("kafka", kill=True, seconds=0), 5.0),
    _long("kafka-stop-20", "Kafka stopped, back after 20 s", away("kafka", kill=False, seconds=20)),
    _long("kafka-kill-20", "Kafka killed, back after 20 s", away("kafka", kill=True, seconds=20)),
    Row("mongod-kill", "mongod killed, started again at once", away("mongod", kill=True, seconds=0), 5.0),
    _long("mongod-kill-20", "mongod killed, back after 20 s", away("mongod", kill=True, seconds=20)),
]
