"""Messages that were set aside, after somebody was erased whom they name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from shared.contracts.agenda import MissionPersonErased, MissionScheduled
from shared.contracts.base import EventData, Person, Scrubbed
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.envelope import Received, from_message, to_message
from shared.messaging.letters import LetterStatus, StoredRecord, record_of
from shared.privacy.ledger import Asked, Ledger
from shared.store.driver import Database, Document, close, connect
from shared.store.events import GENESIS, store_event
from shared.testing.builders import a_command, a_mission

NAME = "Zoraide Malagrida"
MISSION = a_mission(title=f"With {NAME}", holder=Person(name=NAME, function="Councillor"))
FAILED: dict[str, Any] = {"reason": "failed", "error": f"{NAME} is nobody", "attempts": 3}


@pytest.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    client = connect(mongodb_uri)
    yield client[database_name("reader")]
    await close(client)


@pytest.fixture
async def letters(database: Database) -> DeadLetters:
    made = DeadLetters(database, service="agreements")
    await made.prepare()
    return made


def a_message(sequence: int, event: EventData | None = None, offset: int | None = None) -> StoredRecord:
    stored = store_event(
        event or MissionScheduled(mission=MISSION),
        a_command(),
        subject="mission-1",
        epoch=1,
        sequence=sequence,
        version=sequence,
        previous=GENESIS,
        previous_epoch=1 if sequence > 1 else 0,
    )
    key, value, headers = to_message(stored, "/ponte/agenda")
    return StoredRecord("ponte.agenda", 0, sequence if offset is None else offset, key, value, headers)


def an_erasure(*sequences: int) -> list[Received[EventData]]:
    scrubbed = [
        Scrubbed(epoch=1, sequence=sequence, path=path)
        for sequence in sequences
        for path in ("mission.title", "mission.holder.name")
    ]
    event = MissionPersonErased(mission=a_mission(), erasure_id="erasure-1", scrubbed=tuple(scrubbed))
    record = a_message(9, event)
    return [from_message(record.value, record.headers)]


async def of(database: Database, name: str) -> list[Document]:
    return await database[name].find({}).sort("_id", 1).to_list()


async def test_a_letter_at_a_place_that_lost_something_is_emptied(
    letters: DeadLetters, database: Database
) -> None:
    sound = a_message(2, MissionScheduled(mission=a_mission()))
    garbage = a_message(3, offset=7)
    garbage.value = b"{not json"
    for record in (a_message(1), sound, garbage):
        await letters.put(record, **FAILED)
    await letters.narrow(an_erasure(1))
    first, second, third = await of(database, "dead_letters")
    assert (first["status"], first["value"], first["key"], first["headers"]) == ("erased", None, None, [])
    assert (first["subject"], first["sequence"], first["error"]) == ("mission-1", 1, "")
    assert (second["status"], record_of(second).value) == ("open", sound.value)
    # Nobody can tell what was in it.
    assert (third["status"], third["value"]) == ("erased", None)


async def test_the_same_message_again_makes_no_letter_and_another_one_does(
    letters: DeadLetters, database: Database
) -> None:
    await letters.put(a_message(1), **FAILED)
    await letters.narrow(an_erasure(1))
    await letters.put(a_message(1), **FAILED)
    assert len(await of(database, "dead_letters")) == 1
    # The topic was made anew, and this lies where the other one lay.
    other = a_message(5, MissionScheduled(mission=a_mission()), offset=1)
    await letters.put(other, **FAILED)
    there = await of(database, "dead_letters")
    assert [letter["status"] for letter in there] == ["erased", "open"]


async def test_a_letter_that_comes_after_the_erasure_is_emptied_at_once(
    letters: DeadLetters, database: Database
) -> None:
    await letters.narrow(an_erasure(1))
    await letters.put(a_message(1, offset=11), **FAILED)
    assert [letter["value"] for letter in await of(database, "dead_letters")] == [None]


@pytest.mark.parametrize(
    "raw",
    [
        {"value": orjson.dumps({"x": f"about {NAME}"})},
        {"value": NAME.encode("utf-16-le")},
        {"key": NAME.encode()},
        {"headers": [("x-about", NAME.upper().encode()), ("ce_subject", NAME.encode())]},
    ],
)
async def test_poison_about_somebody_who_was_erased_is_known_by_the_ledger(
    letters: DeadLetters, database: Database, raw: dict[str, Any]
) -> None:
    await Ledger(database, 1).accept(Asked("erasure-1", datetime.now(UTC), "kc-1", None, "asked", (NAME,)))
    record = StoredRecord("ponte.agenda", 0, 1, None, b"{", [])
    for name, value in raw.items():
        setattr(record, name, value)
    await letters.put(record, reason="not-json", error="?", attempts=1)
    [letter] = await of(database, "dead_letters")
    assert letter["status"] == LetterStatus.ERASED
    assert "malagrida" not in repr(letter).casefold().replace("\\x00", "")


async def test_an_event_that_waits_keeps_all_but_what_is_gone(
    letters: DeadLetters, database: Database
) -> None:
    await letters.park(a_message(1), ("mission-1", 1, 1))
    await letters.narrow(an_erasure(1))
    [waiting] = await of(database, "parked")
    record = record_of(waiting)
    event = from_message(record.value, record.headers)
    assert isinstance(event.data, MissionScheduled)
    assert (event.data.mission.title, event.data.mission.holder.name) == ("[…]", None)
    assert event.data.mission.starts_at == MISSION.starts_at
