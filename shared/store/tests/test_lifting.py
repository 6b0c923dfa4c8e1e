"""Documents that only rise, on a real mongod with two writers at once."""

import asyncio
from collections.abc import Callable

import pytest

from shared.messaging.inbox import Inbox, Mark
from shared.store import close, connect
from shared.store.driver import Driver

ROUNDS = 40
SUBJECTS = 60


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_of_two_marks_made_at_the_same_moment_the_higher_one_stays(
    mongodb_uri: str, database_name: Callable[[str], str], driver: Driver
) -> None:
    """Two replicas read the same new subjects while a group is being shared out anew."""
    clients = [connect(mongodb_uri, driver) for _ in range(2)]
    name = database_name("lifting")
    low, high = (Inbox(client[name]["marks"]) for client in clients)
    for number in range(ROUNDS):
        subjects = [f"{number}-{subject}" for subject in range(SUBJECTS)]
        await asyncio.gather(
            low.advance([Mark(subject, "topic", 1, 1) for subject in subjects]),
            high.advance([Mark(subject, "topic", 1, 3) for subject in subjects]),
        )
    stored = await low.load(
        {f"{n}-{subject}": "topic" for n in range(ROUNDS) for subject in range(SUBJECTS)}, fresh=True
    )
    assert len(stored) == ROUNDS * SUBJECTS
    assert {mark.place for mark in stored.values()} == {(1, 3)}
    for client in clients:
        await close(client)
