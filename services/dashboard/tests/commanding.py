"""A dashboard and an owner in the background, on which a test runs operators' commands."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.dashboard.tests.rebuilding import City, Owner, Replica, Where, feed_of
from shared.cli.tests.commands import Installation, Told
from shared.contracts.agenda import TOPIC, MissionScheduled
from shared.messaging.runtime import ServiceRuntime
from shared.store.driver import Database
from shared.testing.waiting import eventually

MISSIONS = 6


class Running:
    """The services in a thread of their own, as the commands run in this one."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self.owner: Owner
        self.dashboard: Replica

    def do(self, work: Any, within: float = 60) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(within)

    def start(self) -> None:
        self._thread.start()
        self.do(self._start())

    async def _start(self) -> None:
        at = self.installation
        where = Where(at.kafka, at.mongodb, f"{at.prefix}_", f"{at.prefix}.")
        self.city = City(where, self._stack)
        self.owner = await self.city.owner()
        self.dashboard = await self.city.replica()
        reacting = ServiceRuntime(where, "agreements")
        await self._stack.enter_async_context(reacting.running())

        async def nothing(_: Any) -> None:
            pass

        await reacting.read([TOPIC], reactions={MissionScheduled.TYPE: nothing})
        for number in range(3):
            for k in range(MISSIONS):
                await self.owner.store(f"mission-{k}", f"{number}")

        async def read() -> None:
            assert len(await feed_of(self.dashboard.database, "")) == 3 * MISSIONS
            inbox = await reacting.database["inbox"].find({}).to_list()
            assert [mark["sequence"] for mark in inbox] == [3] * MISSIONS

        await eventually(read, within=30)

    def stop_services(self) -> None:
        self.do(self._stack.aclose())

    def stop(self) -> None:
        self.stop_services()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def ponte(self, *arguments: str) -> Told:
        return self.installation.ponte(*arguments)

    def change(self, service: str, work: Callable[[Database], Awaitable[Any]]) -> None:
        self.installation.database(service, work)


@pytest.fixture
def city(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], tmp_path: Path
) -> Iterator[Running]:
    prefix = database_name("").removesuffix("_")
    made = Running(Installation(kafka_bootstrap, mongodb_uri, prefix, str(tmp_path)))
    made.start()
    yield made
    made.stop()


@contextmanager
def stopped_at_once() -> Iterator[asyncio.Event]:
    asked = asyncio.Event()
    asked.set()
    yield asked
