"""What a service says of itself when something is missing, and that a restart is wanted by none of it."""

import asyncio
import functools
from collections.abc import Callable

import pytest

from shared.messaging.dead_letters import DeadLetters
from shared.messaging.runtime import ServiceRuntime
from shared.messaging.tests.test_engines_away import Own, own
from shared.messaging.tests.test_flow import Flow, Seen, flow, store
from shared.testing.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.slow]
__all__ = ["flow", "own"]


def says(runtime: ServiceRuntime, *expected: str) -> Callable[[], object]:
    async def check() -> bool:
        problems = await runtime.problems()
        assert [problem for problem in problems if problem.startswith(expected)], problems
        assert runtime.stuck() == []
        return True

    return check


async def is_ready(runtime: ServiceRuntime) -> bool:
    problems = await runtime.problems()
    assert problems == []
    return True


@pytest.mark.timeout(240)
async def test_an_engine_that_is_away_is_told_and_no_restart_is_wanted(own: Own) -> None:
    reader = await own.flow.reader(projection=Seen())
    owner, missions = await own.flow.owner()
    await asyncio.gather(*(eventually(functools.partial(is_ready, r), within=30) for r in (owner, reader)))

    own.kafka.kill()
    for runtime in (owner, reader):
        await eventually(says(runtime, "kafka does not answer"), within=40)
    await store(missions, "mission-1")  # accepted all the same
    await own.kafka.restart()
    await asyncio.gather(*(eventually(functools.partial(is_ready, r), within=40) for r in (owner, reader)))

    own.mongod.kill()
    for runtime in (owner, reader):
        await eventually(says(runtime, "mongodb does not answer"), within=20)
    await own.mongod.restart()
    await asyncio.gather(*(eventually(functools.partial(is_ready, r), within=40) for r in (owner, reader)))


async def test_a_dead_letter_that_cannot_be_stored_holds_the_partition(flow: Flow) -> None:
    seen = Seen()
    reader = await flow.reader(projection=seen)
    _, missions = await flow.owner()
    await eventually(lambda: is_ready(reader), within=20)
    await reader.database.command({"collMod": "dead_letters", "validator": {"impossible": {"$exists": True}}})
    await flow.send(b"{", [("ce_type", b"x")])
    await eventually(says(reader, "reader holds"), within=20)
    assert await DeadLetters(reader.database).list() == []
    await reader.database.command({"collMod": "dead_letters", "validator": {}})
    await eventually(lambda: is_ready(reader), within=20)
    assert [letter["reason"] for letter in await DeadLetters(reader.database).list()] == ["missing-headers"]
    await store(missions, "mission-1")
    await eventually(lambda: seen.first == [("mission-1", 1)], within=20)


async def test_a_reader_without_partitions_says_so(flow: Flow) -> None:
    reader = ServiceRuntime(flow.where, "reader")
    await flow.stack.enter_async_context(reader.running())
    await reader.read([flow.topic], views=lambda _: [Seen()])
    assert await reader.problems() != []
    await eventually(lambda: is_ready(reader), within=20)
