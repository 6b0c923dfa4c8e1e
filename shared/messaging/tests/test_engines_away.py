"""What an engine's death does to the flow: nothing lost, nothing twice. Engines of this test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.contracts.agenda import Mission
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.runtime import ServiceRuntime
from shared.messaging.tests.test_flow import Flow, Seen, Where, drained
from shared.store import Repository
from shared.store.errors import Unavailable
from shared.testing.builders import a_command, a_mission, scheduled
from shared.testing.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.slow]


@dataclass
class Own:
    mongod: Mongod
    kafka: Kafka
    flow: Flow


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Own]:
    async with (
        Mongod(tmp_path / "mongod") as mongod,
        Kafka(tmp_path / "kafka") as kafka,
        AsyncExitStack() as stack,
    ):
        where = Where(kafka.bootstrap_servers, mongod.uri, "ponte_")
        yield Own(mongod, kafka, Flow(where, stack))


async def sent(missions: Repository[Mission], ledger: dict[str, set[int]], subject: str, key: str) -> None:
    """Send one command until it has a definite answer, as a client does."""
    command = a_command(key=key, fingerprint=key)
    while True:
        try:
            receipt = await missions.put(
                subject, command, lambda _: scheduled(a_mission(mission_id=subject, title=key))
            )
        except Unavailable:
            continue
        ledger.setdefault(subject, set()).add(receipt.sequence)
        return


async def all_is_well(
    owner: ServiceRuntime, reader: ServiceRuntime, ledger: dict[str, set[int]], seen: Seen
) -> bool:
    expected = {(subject, sequence) for subject, found in ledger.items() for sequence in found}
    assert set(seen.events) == expected
    rows = await owner.database["journal"].find({}, {"subject": 1, "sequence": 1}).to_list()
    assert sorted((row["subject"], row["sequence"]) for row in rows) == sorted(expected)
    for subject, sequences in ledger.items():
        assert sequences == set(range(1, len(sequences) + 1))
        first_seen = list(dict.fromkeys(sequence for name, sequence in seen.events if name == subject))
        assert first_seen == sorted(first_seen)
    assert await DeadLetters(reader.database).list() == []
    return await drained(owner)


def answered(ledger: dict[str, set[int]]) -> int:
    return sum(len(sequences) for sequences in ledger.values())


@pytest.mark.timeout(180)
async def test_while_kafka_is_away_commands_are_accepted(own: Own) -> None:
    seen = Seen()
    ledger: dict[str, set[int]] = {}
    reader = await own.flow.reader(projection=seen)
    owner, missions = await own.flow.owner()
    await sent(missions, ledger, "mission-0", "before")
    await eventually(lambda: seen.first == [("mission-0", 1)], within=20)
    own.kafka.kill()
    await asyncio.gather(*(sent(missions, ledger, f"mission-{n % 10}", f"key-{n}") for n in range(40)))
    assert await owner.database["missions"].count_documents({"outbox._id": {"$gt": ""}}) == 10
    await own.kafka.restart()
    await eventually(lambda: all_is_well(owner, reader, ledger, seen), within=60)


@pytest.mark.timeout(180)
async def test_a_killed_mongod_loses_nothing_that_was_answered(own: Own) -> None:
    seen = Seen()
    ledger: dict[str, set[int]] = {}
    reader = await own.flow.reader(projection=seen)
    owner, missions = await own.flow.owner()

    async def client(number: int) -> None:
        for turn in range(25):
            await sent(missions, ledger, f"mission-{number % 6}", f"key-{number}-{turn}")

    load = asyncio.gather(*(client(number) for number in range(12)))
    await eventually(lambda: answered(ledger) > 60, within=30)
    own.mongod.kill()
    await own.mongod.restart()
    await load
    assert answered(ledger) == 300
    await eventually(lambda: all_is_well(owner, reader, ledger, seen), within=60)
