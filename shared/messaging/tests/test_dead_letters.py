"""Dead letters on a real MongoDB: nothing disappears, nothing is there twice, whatever the bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.messaging.dead_letters import DeadLetters, which
from shared.messaging.letter_copies import LARGEST_COPY, Message
from shared.messaging.letters import REPLAY, REQUEUED, LetterStatus, StoredRecord, record_of
from shared.store.driver import Database, close, connect
from shared.testing.waiting import eventually

HEADERS = [("ce_subject", b"mission-1"), ("ce_epoch", b"2"), ("ce_sequence", b"7"), ("ce_type", b"t.v1")]


def a_record(offset: int = 3, value: bytes | None = b"\xff{", **changed: Any) -> StoredRecord:
    made = StoredRecord("ponte.agenda", 5, offset, b"mission-1", value, list(HEADERS))
    for name, what in changed.items():
        setattr(made, name, what)
    return made


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


async def test_a_letter_keeps_the_bytes_and_knows_its_place(letters: DeadLetters) -> None:
    await letters.put(a_record(), reason="not-json", error="x" * 5000, attempts=1)
    await letters.put(a_record(), reason="not-json", error="again", attempts=1)
    [listed] = await letters.list()
    assert listed["_id"] == "ponte.agenda/5/3"
    assert (listed["subject"], listed["epoch"], listed["sequence"], listed["type"]) == (
        "mission-1",
        2,
        7,
        "t.v1",
    )
    assert listed["status"] == LetterStatus.OPEN
    whole = await letters.get("ponte.agenda/5/3")
    assert whole is not None
    kept = record_of(whole)
    assert (kept.value, kept.key, list(kept.headers)) == (b"\xff{", b"mission-1", HEADERS)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("ce_subject", b"\xc3\x28"), ("ce_epoch", b"one"), ("ce_sequence", b"9" * 40)],
        [("ce_subject", None), ("ce_epoch", b"-1"), ("ce_sequence", b"9" * 6000)],
        [("", b""), ("$where", b"1"), ("a.b", b"\x00"), ("ce_subject", b"\x00")],
    ],
)
async def test_no_header_keeps_a_letter_from_being_stored(
    letters: DeadLetters, headers: list[tuple[str, bytes]]
) -> None:
    await letters.put(a_record(headers=headers), reason="x", error="\ud800 \x00", attempts=1)
    [listed] = await letters.list()
    assert "sequence" not in listed


async def test_a_topic_made_anew_does_not_hide_a_letter_behind_an_old_one(letters: DeadLetters) -> None:
    for _ in range(2):
        await letters.put(a_record(value=b"old"), reason="x", error="e", attempts=1)
        await letters.put(a_record(value=b"new"), reason="x", error="e", attempts=1)
    wholes = [await letters.get(letter["_id"]) for letter in await letters.list()]
    assert sorted(bytes(whole["value"]) for whole in wholes if whole) == [b"new", b"old"]


async def test_a_requeued_message_that_fails_again_is_the_same_letter(letters: DeadLetters) -> None:
    await letters.put(a_record(), reason="not-json", error="e", attempts=3)
    [before] = await letters.list()
    await letters.requeued(before)
    assert await letters.count(which(status=[LetterStatus.REQUEUED])) == 1
    back = a_record(
        topic="ponte.replay.agreements",
        offset=0,
        headers=[*HEADERS, (REQUEUED, b"ponte.agenda/5/3")],
    )
    for _ in range(2):  # delivered twice, counted once
        await letters.put(back, reason="failed", error="still", attempts=3)
    [listed] = await letters.list()
    assert (listed["status"], listed["attempts"], listed["reason"]) == ("open", 4, "failed")
    await letters.resolve(listed["_id"])
    await letters.requeued(listed)  # sent before its reader had answered
    assert [found["status"] for found in await letters.list()] == ["resolved"]


async def test_what_only_claims_to_be_a_letters_message_is_kept_for_itself(letters: DeadLetters) -> None:
    await letters.put(a_record(), reason="not-json", error="e", attempts=1)
    for offset, name in ((10, b"ponte.agenda/5/3"), (11, b"nothing/0/0")):
        forged = a_record(offset=offset, value=b"other", headers=[(REQUEUED, name)])
        await letters.put(forged, reason="not-json", error="e", attempts=1)
    assert await letters.count() == 3


async def test_a_replay_of_an_unusable_event_makes_no_second_letter(letters: DeadLetters) -> None:
    await letters.put(a_record(), reason="failed", error="e", attempts=3)
    again = a_record(topic="ponte.replay.agreements", headers=[*HEADERS, (REPLAY, b"r1")])
    await letters.put(again, reason="failed", error="e", attempts=3)
    assert [found["attempts"] for found in await letters.list()] == [4]
    await letters.put(
        a_record(topic="ponte.replay.agreements", value=b"narrower", headers=again.headers),
        reason="failed",
        error="e",
        attempts=3,
    )
    assert await letters.count() == 2
    await letters.resolve_place("mission-1", 2, 7)
    assert await letters.count(which(status=[LetterStatus.RESOLVED])) == 2


async def test_what_waits_comes_in_order_and_once(letters: DeadLetters) -> None:
    for epoch, sequence in ((3, 1), (2, 10), (2, 9), (2, 8), (2, 9)):
        await letters.park(a_record(value=f"{epoch}/{sequence}".encode()), ("mission-1", epoch, sequence))
    await letters.park(a_record(), ("mission-2", 9, 9))
    waiting = await letters.waiting("mission-1", (2, 8))
    assert [record_of(found).value for found in waiting] == [b"2/9", b"2/10", b"3/1"]
    await letters.release([found["_id"] for found in waiting[:2]])
    assert [found["sequence"] for found in await letters.waiting("mission-1")] == [8, 1]


async def test_letters_are_found_by_reason_topic_subject_time_and_status(letters: DeadLetters) -> None:
    await letters.put(a_record(1), reason="not-json", error="e", attempts=1)
    await letters.put(a_record(2), reason="failed", error="e", attempts=3)
    await letters.put(a_record(3, topic="ponte.networks", headers=[]), reason="failed", error="e", attempts=3)
    await letters.discard("ponte.networks/5/3", "a test of ours")
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    for filters, count in (
        ({"reason": "failed"}, 2),
        ({"topic": "ponte.networks"}, 1),
        ({"subject": "mission-1"}, 2),
        ({"status": [LetterStatus.OPEN]}, 2),
        ({"status": [LetterStatus.DISCARDED, LetterStatus.OPEN]}, 3),
        ({"since": now - hour}, 3),
        ({"since": now + hour}, 0),
        ({"until": now - hour}, 0),
    ):
        assert await letters.count(which(**filters)) == count, filters


async def test_every_letter_is_copied_to_the_topic_and_a_failure_delays_nobody(database: Database) -> None:
    sent: list[Message] = []
    fails = 1

    async def copy(message: Message) -> None:
        nonlocal fails
        if fails:
            fails -= 1
            raise ConnectionError("kafka is away")
        sent.append(message)

    letters = DeadLetters(database, service="agreements", copy=copy)
    await letters.prepare()
    await letters.start()
    try:
        await letters.put(a_record(1), reason="not-json", error="no JSON", attempts=1)
        await letters.put(a_record(2, value=b"x" * LARGEST_COPY), reason="large", error="e", attempts=1)
        assert not sent
        await eventually(lambda: len(sent) == 2)
    finally:
        await letters.stop()
    key, value, headers = sent[0]
    assert (key, value) == (b"agreements", b"\xff{")
    told = dict(headers)
    assert told["ponte_reason"] == b"not-json"
    assert told["ce_subject"] == b"mission-1"
    assert told["ponte_letter"] == b"ponte.agenda/5/1"
    assert sent[1][1] == b""
    assert dict(sent[1][2])["ponte_pointer"] == b"true"


async def test_storing_does_not_wait_for_a_copy_that_hangs(database: Database) -> None:
    async def hang(message: Message) -> None:
        await asyncio.Event().wait()

    letters = DeadLetters(database, service="agreements", copy=hang)
    await letters.start()
    try:
        async with asyncio.timeout(10):
            for offset in range(50):
                await letters.put(a_record(offset), reason="x", error="e", attempts=1)
    finally:
        await letters.stop()
    assert await letters.count() == 50
