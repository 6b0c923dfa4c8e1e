"""A dead letter parks its subject with a real reader; a requeue or a discard lets it go on."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.cli.tests.commands import Installation
from shared.cli.tests.test_replay_command import City
from shared.contracts.agenda import MissionScheduled
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.incoming import Event
from shared.messaging.tests.test_flow import Flow, Where, store
from shared.store.driver import Document
from shared.testing.waiting import eventually

READER = "agreements"


class Reacting(City):
    """The agreements service reacts to missions, and cannot react to the second event of any."""

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        self.broken = True
        self.reacted: list[tuple[str, int]] = []

    async def _react(self, event: Event) -> None:
        if self.broken and event.sequence == 2:
            raise ZeroDivisionError("a fault of the program")
        self.reacted.append((event.subject, event.sequence))

    async def _start(self, events: int) -> None:
        at = self.installation
        self.flow = Flow(Where(at.kafka, at.mongodb, f"{at.prefix}_", f"{at.prefix}."), self._stack)
        _, self.missions = await self.flow.owner()
        self.reader = await self.flow.reader(READER, reactions={MissionScheduled.TYPE: self._react})
        for _ in range(events):
            await store(self.missions, "mission-1")
            await store(self.missions, "mission-2")
        await eventually(self._two_letters, within=30)

    async def _two_letters(self) -> list[Document]:
        letters = await DeadLetters(self.reader.database).list()
        assert [letter["reason"] for letter in letters] == ["failed", "failed"]
        return letters

    def letter_of(self, subject: str) -> str:
        [found] = [one for one in self.do(self._two_letters()) if one["subject"] == subject]
        return str(found["_id"])

    def sequences(self, subject: str) -> list[int]:
        return [sequence for name, sequence in self.reacted if name == subject]


@pytest.fixture
def city(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], tmp_path: Path
) -> Iterator[Reacting]:
    prefix = database_name("").removesuffix("_")
    made = Reacting(Installation(kafka_bootstrap, mongodb_uri, prefix, str(tmp_path)))
    made.start(events=4)
    yield made
    made.stop()


def reaches(city: Reacting, subject: str, expected: list[int]) -> Any:
    def check() -> bool:
        assert city.sequences(subject) == expected
        return True

    return city.do(eventually(check, within=20))


def test_requeue_and_discard_let_a_subject_go_on_in_order(city: Reacting) -> None:
    letters = {subject: city.letter_of(subject) for subject in ("mission-1", "mission-2")}
    for subject in letters:
        reaches(city, subject, [1])

    # Requeued while the fault is still there: the same letter, open again.
    assert city.installation.ponte("dead-letters", "requeue", letters["mission-1"]).status == 0

    async def tried_again() -> bool:
        found = await DeadLetters(city.reader.database).get(letters["mission-1"])
        assert found is not None
        assert (found["status"], found["attempts"]) == ("open", 4)
        return True

    city.do(eventually(tried_again, within=20))
    reaches(city, "mission-1", [1])

    city.broken = False
    assert city.installation.ponte("dead-letters", "requeue", "--all", "--subject", "mission-1").status == 0
    reaches(city, "mission-1", [1, 2, 3, 4])
    reaches(city, "mission-2", [1])

    city.installation.ponte("dead-letters", "discard", letters["mission-2"], "--why", "never to be done")
    reaches(city, "mission-2", [1, 3, 4])

    async def closed() -> bool:
        found = await DeadLetters(city.reader.database).list()
        assert {one["subject"]: one["status"] for one in found} == {
            "mission-1": "resolved",
            "mission-2": "discarded",
        }
        return True

    city.do(eventually(closed, within=10))
    assert city.installation.ponte("dead-letters", "list", "--service", READER).text == "No dead letters.\n"
    # Repeated, nothing is carried out twice.
    city.installation.ponte("dead-letters", "requeue", letters["mission-1"], "--again")
    city.installation.ponte("dead-letters", "discard", letters["mission-2"], "--why", "never to be done")
    city.do(store(city.missions, "mission-1"))
    reaches(city, "mission-1", [1, 2, 3, 4, 5])
    reaches(city, "mission-2", [1, 3, 4])
