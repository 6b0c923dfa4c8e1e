"""Owners and replicas of the dashboard's read side for the tests of rebuilding, on real engines."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.dashboard.store import MongoRegister
from shared.contracts.agenda import TOPIC, Mission
from shared.messaging.generations import Generations
from shared.messaging.reading import Reading
from shared.messaging.rebuild import Rebuilder
from shared.messaging.runtime import ServiceRuntime
from shared.store import Database, Repository, close, connect
from shared.testing.builders import a_command, a_mission, scheduled


@dataclass
class Where:
    kafka_bootstrap_servers: str
    mongodb_uri: str
    database_prefix: str
    topic_prefix: str
    mongodb_driver: Any = "motor"

    def brokers(self) -> str:
        return self.kafka_bootstrap_servers


@dataclass
class Replica:
    """One process's worth of the dashboard's reader: its runtime and the register that pages read."""

    runtime: ServiceRuntime
    register: MongoRegister
    stack: AsyncExitStack

    @property
    def database(self) -> Database:
        return self.runtime.database

    @property
    def _reading(self) -> Reading:
        assert self.runtime._reading is not None
        return self.runtime._reading

    @property
    def generations(self) -> Generations:
        assert self._reading.generations is not None
        return self._reading.generations

    @property
    def rebuilder(self) -> Rebuilder:
        assert self._reading._rebuilder is not None
        return self._reading._rebuilder

    async def stop(self) -> None:
        await self.stack.aclose()

    async def live(self) -> dict[str, Any]:
        return await self.database["meta"].find_one({"_id": "generations"}) or {"live": 1}


@dataclass
class Owner:
    runtime: ServiceRuntime
    missions: Repository[Mission]
    stack: AsyncExitStack
    where: Where
    stored: dict[str, int] = field(default_factory=dict)

    async def store(self, subject: str, title: str = "x") -> None:
        mission = a_mission(mission_id=subject, title=title)
        # A check gives what happened just now some time to arrive everywhere.
        now = a_command(at=datetime.now(UTC))
        receipt = await self.missions.put(subject, now, lambda _: scheduled(mission))
        self.stored[subject] = receipt.sequence

    async def lose(self, subjects: set[str], cut: dict[str, int]) -> None:
        """Stop, and be put back as by a restore: without ``subjects``, others cut off, one epoch on."""
        client: Any = connect(self.where.mongodb_uri)
        database = client[f"{self.where.database_prefix}agenda"]
        await self.stack.aclose()
        await database["missions"].delete_many({"_id": {"$in": list(subjects)}})
        await database["journal"].delete_many({"subject": {"$in": list(subjects)}})
        for subject, last in cut.items():
            await database["journal"].delete_many({"subject": subject, "sequence": {"$gt": last}})
            event = await database["journal"].find_one({"subject": subject, "sequence": last})
            state = {"sequence": last, "version": last, "head_hash": event["hash"]}
            await database["missions"].update_one({"_id": subject}, {"$set": state})
        await database["meta"].update_one({"_id": "epoch"}, {"$set": {"epoch": 2}})
        await close(client)

    async def journal(self) -> set[str]:
        rows = await self.runtime.database["journal"].find({}, {"_id": 1}).to_list()
        return {row["_id"] for row in rows}


class City:
    """One owner and any number of the dashboard's replicas, each ended with the test."""

    def __init__(self, where: Where, stack: AsyncExitStack) -> None:
        self.where = where
        self._stack = stack

    async def owner(self) -> Owner:
        stack = AsyncExitStack()
        self._stack.push_async_callback(stack.aclose)
        runtime = ServiceRuntime(self.where, "agenda", topic=TOPIC, aggregates=["missions"])
        await stack.enter_async_context(runtime.running())
        await runtime.read()
        missions = runtime.repository("missions", Mission, what="mission_id")
        return Owner(runtime, missions, stack, self.where)

    async def replica(self, name: str = "dashboard") -> Replica:
        stack = AsyncExitStack()
        self._stack.push_async_callback(stack.aclose)
        runtime = ServiceRuntime(self.where, name)
        await stack.enter_async_context(runtime.running())
        register = MongoRegister(runtime.database)
        await register.start()
        stack.push_async_callback(register.stop)
        await runtime.read([TOPIC], views=register.views)
        return Replica(runtime, register, stack)


@asynccontextmanager
async def stream(owner: Owner, subjects: int, *, pause: float = 0.01) -> AsyncIterator[None]:
    """Commands without end on ``subjects`` missions, a few at once."""

    stop = asyncio.Event()

    async def commands() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            await asyncio.gather(
                *(owner.store(f"mission-{(4 * number + k) % subjects}", f"{number}") for k in range(4))
            )
            await asyncio.sleep(pause)

    task = asyncio.create_task(commands())
    try:
        yield
        assert not task.done()
    finally:
        stop.set()
        await task


@asynccontextmanager
async def watched(register: MongoRegister) -> AsyncIterator[Callable[[], tuple[int, int]]]:
    """Looks at the page's data all the time; tells the smallest step of missions and of the feed's length.

    A page that shows fewer than before has a gap: then the step is negative.
    """
    worst = [0, 0]
    looks = 0

    async def look() -> None:
        nonlocal looks
        missions, length = 0, 0
        while True:
            now = len(await register.missions())
            worst[0] = min(worst[0], now - missions)
            missions = max(missions, now)
            entries = await register.feed(limit=1)
            number = entries[0].number if entries else 0
            worst[1] = min(worst[1], number - length)
            length = max(length, number)
            looks += 1
            await asyncio.sleep(0.005)

    task = asyncio.create_task(look())
    try:
        yield lambda: (worst[0], worst[1])
        assert not task.done()
        assert looks > 20
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def feed_of(database: Database, suffix: str) -> list[tuple[int, str]]:
    """Number and place of every row."""
    rows = await database["feed" + suffix].find({}, {"number": 1}).sort("number", 1).to_list()
    return [(row.get("number", 0), row["_id"]) for row in rows]
