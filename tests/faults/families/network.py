"""Connections that swallow, delay or break."""

from __future__ import annotations

import asyncio

from shared.local.tests.proxy import Proxy
from tests.faults.scene import LONG_RATE, Act, Row, Scene
from tests.faults.world import World, now

SWALLOWED_S = 30.0
DELAY_S = 0.3


def proxy_of(world: World, engine: str) -> Proxy:
    return world.kafka_proxy if engine == "kafka" else world.mongo_proxy


def swallowed(engine: str) -> Act:
    """Nothing gets through for 30 s, and nobody is told."""

    async def act(scene: Scene) -> None:
        proxy = proxy_of(scene.world, engine)
        held = proxy.held
        proxy.hold()
        await asyncio.sleep(SWALLOWED_S)
        proxy.release()
        scene.saw(f"{proxy.held - held} packets and connections held for {SWALLOWED_S:g} s")
        await scene.recover(since=now())

    return act


def slow(engine: str) -> Act:
    """Every answer comes 300 ms late."""

    async def act(scene: Scene) -> None:
        proxy = proxy_of(scene.world, engine)
        before, proxy.delay = proxy.delayed, DELAY_S
        await scene.accepted(300, within=90)
        proxy.delay = 0.0
        scene.saw(f"{proxy.delayed - before} answers delayed by {DELAY_S * 1000:g} ms")
        await scene.recover(since=now())

    return act


def broken(engine: str) -> Act:
    """All connections are reset, three times."""

    async def act(scene: Scene) -> None:
        proxy = proxy_of(scene.world, engine)
        ended = 0
        for _ in range(3):
            ended += proxy.reset()
            await scene.accepted(60)
        scene.saw(f"{ended} connections reset")
        ended = proxy.reset()
        await scene.recover(since=now())

    return act


ROWS: list[Row] = [
    row
    for engine, name in (("kafka", "Kafka"), ("mongod", "MongoDB"))
    for row in (
        Row(
            f"{engine}-swallowed",
            f"connections to {name} black-holed for 30 s",
            swallowed(engine),
            5.0,
            rate=LONG_RATE,
        ),
        Row(f"{engine}-slow", f"connections to {name} slowed by 300 ms", slow(engine), 5.0),
        Row(f"{engine}-reset", f"connections to {name} reset", broken(engine), 5.0),
    )
]
