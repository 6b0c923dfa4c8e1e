"""`ponte dead-letters` against a real MongoDB and a real Kafka."""

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.cli.connection import where
from shared.cli.errors import UserError
from shared.cli.tests.commands import Installation
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.letters import DISCARDED, RELEASED, REPLAY, REQUEUED, StoredRecord
from shared.store.driver import Database

SUBJECT = "mission-1"


@pytest.fixture
def city(
    mongodb_uri: str, kafka_bootstrap: str, database_name: Callable[[str], str], tmp_path: Path
) -> Installation:
    return Installation(kafka_bootstrap, mongodb_uri, database_name("").removesuffix("_"), str(tmp_path))


def put(city: Installation, service: str, *records: StoredRecord, reason: str = "not-json") -> None:
    async def store(database: Database) -> None:
        letters = DeadLetters(database)
        for record in records:
            await letters.put(record, reason=reason, error="Invalid JSON", attempts=1)

    city.database(service, store)


def a_record(
    city: Installation, offset: int, value: bytes | None = b"\xff\x00{", **place: Any
) -> StoredRecord:
    headers = [("ce_subject", SUBJECT.encode()), ("ce_epoch", b"1"), ("ce_sequence", b"%d" % offset)]
    if place:
        headers = [(f"ce_{name}", str(value).encode()) for name, value in place.items()]
    return StoredRecord(f"{city.prefix}.ponte.agenda", 0, offset, b"k", value, headers)


def letter_id(city: Installation, offset: int) -> str:
    return f"{city.prefix}.ponte.agenda/0/{offset}"


def status_of(city: Installation, service: str, offset: int) -> str:
    async def get(database: Database) -> str:
        letter = await DeadLetters(database).get(letter_id(city, offset))
        assert letter is not None
        return str(letter["status"])

    return city.database(service, get)


def test_letters_of_all_services_are_listed_and_filtered(city: Installation) -> None:
    assert city.ponte("dead-letters", "list").text == "No dead letters.\n"
    put(city, "agreements", a_record(city, 1), a_record(city, 2))
    put(city, "dashboard", a_record(city, 3, subject="mission-2\x1b[31m"), reason="failed")
    listed = city.ponte("dead-letters", "list")
    assert listed.status == 0
    assert len(listed.text.splitlines()) == 4
    assert "\x1b" not in listed.text
    for filters, count in (
        (["--service", "agreements"], 2),
        (["--reason", "failed"], 1),
        (["--subject", SUBJECT], 2),
        (["--topic", "ponte.agenda"], 3),
        (["--topic", "ponte.networks"], 0),
        (["--since", "1h"], 3),
        (["--until", "1h"], 0),
        (["--status", "resolved"], 0),
        (["--status", "all"], 3),
    ):
        found = json.loads(city.ponte("dead-letters", "list", "--json", *filters).text)
        assert len(found) == count, filters
    assert "... and 1 more" in city.ponte("dead-letters", "list", "--limit", "1").text


def test_a_letter_is_shown_with_its_bytes_and_does_no_harm_to_a_terminal(city: Installation) -> None:
    put(city, "agreements", a_record(city, 1), a_record(city, 2, b'{"title": "caff\xc3\xa8 \x1b[2J"}'))
    shown = city.ponte("dead-letters", "show", letter_id(city, 1)).text
    assert "hex ff 00 7b" in shown
    assert "ce_subject: mission-1" in shown
    assert re.search(r"reason: +not-json", shown)
    text = city.ponte("dead-letters", "show", letter_id(city, 2)).text
    assert '{"title": "caffè \\x1b[2J"}' in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["list", "--service", "nobody"], "--service is 'nobody'"),
        (["list", "--since", "2026-11-02", "--until", "2026-11-01"], "nothing lies between"),
        (["list", "--since", "yesterday"], "--since is 'yesterday'"),
        (["list", "--status", "lost"], "--status is 'lost'"),
        (["show", "ponte.agenda/0/99"], "there is no dead letter"),
        (["requeue", "ponte.agenda/0/99"], "there is no dead letter"),
        (["requeue", "--all"], "nothing was done"),
        (["requeue", "--all", "--since", "2999-01-01"], "in the future"),
        (["requeue"], "or say --all"),
        (["requeue", "x", "--all"], "or say --all"),
        (["requeue", "x", "--reason", "failed"], "filters go with --all"),
        (["discard", "x", "--why", " "], "--why is empty"),
        (["discard", "x", "--why", "no"], "there is no dead letter"),
    ],
)
def test_impossible_bounds_say_so_and_do_nothing(city: Installation, arguments: list[str], says: str) -> None:
    answer = city.ponte("dead-letters", *arguments)
    assert answer.status != 0
    assert says in answer.text


def test_a_requeue_sends_the_original_in_order_and_once(city: Installation) -> None:
    city.make_topics("ponte.replay.agreements")
    replayed = a_record(city, 2)
    replayed.headers = [*replayed.headers, (REPLAY, b"r1"), (REQUEUED, b"older")]
    put(city, "agreements", a_record(city, 3, b"three"), replayed, a_record(city, 1, b"one"))
    put(city, "dashboard", a_record(city, 4))
    first = city.ponte("dead-letters", "requeue", "--all", "--service", "agreements", "--subject", SUBJECT)
    assert (first.status, first.text.splitlines()[0]) == (
        0,
        "3 requeued; `ponte dead-letters list` shows what became of them",
    )
    sent = city.messages("ponte.replay.agreements")
    assert [record.value for record in sent] == [b"one", b"\xff\x00{", b"three"]
    assert {record.key for record in sent} == {b"k"}
    assert list(sent[1].headers) == [
        ("ce_subject", b"mission-1"),
        ("ce_epoch", b"1"),
        ("ce_sequence", b"2"),
        (REQUEUED, letter_id(city, 2).encode()),
    ]
    # Again: nothing is sent twice, unless somebody wants it.
    again = city.ponte("dead-letters", "requeue", "--all", "--service", "agreements")
    assert "3 passed over" in again.text
    assert len(city.messages("ponte.replay.agreements")) == 3
    city.ponte("dead-letters", "requeue", letter_id(city, 1), "--again")
    assert len(city.messages("ponte.replay.agreements")) == 4
    assert status_of(city, "dashboard", 4) == "open"


def test_an_interrupted_requeue_goes_on_with_what_is_left(
    city: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.make_topics("ponte.replay.agreements")
    put(city, "agreements", *(a_record(city, number, b"%d" % number) for number in range(1, 6)))
    requeued = DeadLetters.requeued
    marked = 0

    async def mark(letters: DeadLetters, letter: dict[str, Any]) -> None:
        nonlocal marked
        await requeued(letters, letter)
        marked += 1
        if marked == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(DeadLetters, "requeued", mark)
    stopped = city.ponte("dead-letters", "requeue", "--all", "--service", "agreements")
    assert stopped.status == 130
    assert "the same command goes on" in stopped.text
    assert 2 <= len(city.messages("ponte.replay.agreements")) < 5
    assert city.ponte("dead-letters", "requeue", "--all", "--service", "agreements").status == 0
    assert [sent.value for sent in city.messages("ponte.replay.agreements")] == [b"1", b"2", b"3", b"4", b"5"]


def test_a_message_without_key_and_value_can_be_requeued(city: Installation) -> None:
    city.make_topics("ponte.replay.agreements")
    record = a_record(city, 1, None)
    record.key = None
    put(city, "agreements", record)
    assert city.ponte("dead-letters", "requeue", letter_id(city, 1)).status == 0
    assert [sent.value for sent in city.messages("ponte.replay.agreements")] == [None]


def test_without_the_replay_topic_nothing_is_marked(city: Installation) -> None:
    put(city, "agreements", a_record(city, 1))
    answer = city.ponte("dead-letters", "requeue", letter_id(city, 1))
    assert (answer.status, status_of(city, "agreements", 1)) == (1, "open")
    assert "start the services" in answer.text
    answer = city.ponte("dead-letters", "discard", letter_id(city, 1), "--why", "test")
    assert (answer.status, status_of(city, "agreements", 1)) == (1, "open")


def test_a_discarded_letter_keeps_its_bytes_and_releases_what_waited(city: Installation) -> None:
    city.make_topics("ponte.replay.agreements")
    put(city, "agreements", a_record(city, 1), a_record(city, 2, type="unknown"))
    answer = city.ponte("dead-letters", "discard", letter_id(city, 1), "--why", "a test message")
    assert "what waited of mission-1 goes on" in answer.text
    [released] = city.messages("ponte.replay.agreements")
    assert (released.key, released.value) == (b"mission-1", b"")
    assert dict(released.headers) == {RELEASED: b"mission-1", DISCARDED: letter_id(city, 1).encode()}
    shown = city.ponte("dead-letters", "show", letter_id(city, 1)).text
    assert "a test message" in shown
    assert "hex ff 00 7b" in shown
    # One whose place nobody can read parks nothing.
    assert city.ponte("dead-letters", "discard", letter_id(city, 2), "--why", "x").status == 0
    assert len(city.messages("ponte.replay.agreements")) == 1
    assert "discarded" in city.ponte("dead-letters", "requeue", letter_id(city, 1)).text


def test_the_same_message_in_two_services_asks_which(city: Installation) -> None:
    put(city, "agreements", a_record(city, 1))
    put(city, "dashboard", a_record(city, 1))
    assert (
        "agreements and dashboard"
        in city.ponte("dead-letters", "discard", letter_id(city, 1), "--why", "x").text
    )
    shown = city.ponte("dead-letters", "show", letter_id(city, 1)).text
    assert len(re.findall(r"^service:", shown, re.MULTILINE)) == 2


def test_an_engine_that_is_away_is_one_sentence_without_secrets(tmp_path: Path) -> None:
    away = Installation("127.0.0.1:1", "mongodb://someone:secret@127.0.0.1:1/", "x", str(tmp_path))
    answer = away.ponte("dead-letters", "list")
    assert answer.status == 1
    assert "MongoDB does not answer at 127.0.0.1:1" in answer.text
    assert "secret" not in answer.text


def test_the_local_run_is_found_by_its_data_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no local run"):
        where({}, tmp_path)
    for engine, port in (("mongod", 23456), ("kafka", 23457)):
        (tmp_path / engine).mkdir()
        (tmp_path / engine / "ports.json").write_text(json.dumps({"client": port}))
    found = where({}, tmp_path)
    assert (found.mongodb_uri, found.kafka.servers) == (
        "mongodb://127.0.0.1:23456/?replicaSet=rs0",
        "127.0.0.1:23457",
    )
    assert (found.database_name("agenda"), found.topic("ponte.agenda")) == ("ponte_agenda", "ponte.agenda")
    elsewhere = where({"PONTE_KAFKA_BOOTSTRAP_SERVERS": "k:9092", "PONTE_TOPIC_PREFIX": "milano."}, tmp_path)
    assert (elsewhere.kafka.servers, elsewhere.topic("t")) == ("k:9092", "milano.t")
    with pytest.raises(UserError, match="PONTE_TOPIC_PREFIX"):
        where({"PONTE_TOPIC_PREFIX": "Not one"}, tmp_path)
