"""`ponte check --audit` on a real database: a clean one is clean, and whatever is done by hand is found."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.cli import stopping
from shared.cli.audit_chains import Chains
from shared.cli.drift import Finding
from shared.cli.tests.audited import Audited, command, publish, write_key
from shared.store import JOURNAL, META
from shared.store.checkpoints import CHECKPOINTED, CHECKPOINTS
from shared.store.driver import Database, Document
from shared.store.presence import RESTORE
from shared.testing.tampering import leaves, tampered


@pytest.fixture
def agenda(
    mongodb_uri: str,
    database_name: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Audited:
    made = Audited(mongodb_uri, database_name("agenda"), tmp_path)
    monkeypatch.setenv("PONTE_AUDIT_KEY_FILE", str(made.key))
    made.begin()
    assert made.checkpoint() == 4
    return made


def faults(agenda: Audited) -> list[str]:
    """The lines of the audit, which ends with 1."""
    answer = agenda.audit()
    assert answer.status == 1, answer.text
    return [line for line in answer.text.splitlines() if line.startswith(("agenda: events", "agenda: check"))]


def test_a_clean_system_is_clean(agenda: Audited) -> None:
    answer = agenda.audit("--service", "agenda")
    assert (answer.status, "nothing was altered in agenda" in answer.text) == (0, True), answer.text
    assert "agenda: last checkpoint 1 of " in answer.text
    agenda.do(publish)
    assert agenda.checkpoint() == 0
    answer = agenda.audit()
    assert answer.status == 0, answer.text
    assert "agenda: last checkpoint 2 of " in answer.text
    assert "no signature" not in answer.text


def test_it_is_clean_while_commands_and_checkpoints_go_on(agenda: Audited) -> None:
    over = threading.Event()
    failed: list[BaseException] = []

    async def work(database: Database) -> None:
        number = 0
        while not over.is_set():
            for subject in ("mission-1", f"mission-{5 + number}", "mission-3"):
                await command(database, subject)
            if number % 3 == 0:
                await publish(database)
            if number % 4 == 0:
                await agenda.write(database)
            number += 1

    def load() -> None:
        try:
            agenda.do(work)
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for _ in range(5):
            answer = agenda.audit()
            assert answer.status == 0, answer.text
        agenda.change(JOURNAL, {"_id": "mission-2/1/2"}, {"$set": {"actor": "officer-2"}})
        assert "agenda: events: mission-2 1/2: its content does not have its hash" in faults(agenda)
    finally:
        over.set()
        thread.join()
    assert not failed


def test_a_byte_of_any_field_is_found(agenda: Audited) -> None:
    events = agenda.journal("mission-1")

    async def altered(database: Database, event: Document, other: Document) -> list[Finding]:
        journal = database[JOURNAL]
        await journal.delete_one({"_id": event["_id"]})
        await journal.insert_one(other)
        found = [
            finding
            async for progress in Chains(agenda.owner(database)).run("")
            for finding in progress.findings
        ]
        await journal.delete_one({"_id": other["_id"]})
        await journal.insert_one(event)
        return found

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(events))
        path = data.draw(st.sampled_from(leaves(event)))
        other = tampered(event, path, data.draw(st.integers(0, 100)))
        if (other["subject"], other["sequence"]) in {
            (each["subject"], each["sequence"]) for each in events if each is not event
        }:
            return  # that place is taken: MongoDB refuses it
        assert agenda.do(lambda database: altered(database, deepcopy(event), other)), path

    check()
    assert agenda.audit().status == 0


def test_a_removed_event_is_found(agenda: Audited) -> None:
    agenda.remove(JOURNAL, {"_id": "mission-2/1/2"})
    assert faults(agenda) == ["agenda: events: mission-2 1/3: it follows 1/1: events are missing"]


def test_a_cut_off_end_is_found_by_the_checkpoint(agenda: Audited) -> None:
    agenda.cut_off("mission-2")
    [fault] = faults(agenda)
    assert fault.startswith("agenda: checkpoints: mission-2 1/3: was there at checkpoint 1 of ")
    # Another event in its place does not hide it, nor does the next checkpoint.
    agenda.do(lambda database: command(database, "mission-2"))
    agenda.do(publish)
    agenda.checkpoint()
    assert agenda.journal("mission-2")[-1]["sequence"] == 3
    [fault] = faults(agenda)
    assert fault.startswith("agenda: checkpoints: mission-2 1/3: has another hash than in checkpoint 1 of ")


def test_an_event_that_waits_is_covered_too(agenda: Audited) -> None:
    agenda.change("missions", {"_id": "mission-4"}, {"$set": {"outbox": []}})
    assert any("mission-4 1/1: the events end at 0/0" in line for line in faults(agenda))
    agenda.remove("missions", {"_id": "mission-4"})
    [fault] = faults(agenda)
    assert fault.startswith("agenda: checkpoints: mission-4 1/1: was there at checkpoint 1")


def test_a_forged_checkpoint_is_found(agenda: Audited, tmp_path: Path) -> None:
    own, agenda.key = agenda.key, write_key(tmp_path / "other.pem")
    agenda.remove(CHECKPOINTS, {"_id": 1})
    agenda.remove(CHECKPOINTED, {"_id": "mission-1"})
    agenda.cut_off("mission-1")
    agenda.checkpoint()
    lines = faults(agenda)
    assert any("checkpoint 1: it is signed with a key that is not given" in line for line in lines)
    agenda.remove(CHECKPOINTS, {"_id": 1})
    agenda.checkpoint(signed=False)
    assert any("it is not signed although a key is given" in line for line in faults(agenda))
    agenda.key = own
    agenda.checkpoint()
    agenda.change(CHECKPOINTS, {"_id": 2}, {"$set": {"signature": "AAAA"}})
    assert any("checkpoint 2: its signature is wrong" in line for line in faults(agenda))


def test_the_notes_of_what_was_checkpointed_cannot_hide_a_head(agenda: Audited) -> None:
    agenda.do(publish)
    agenda.change(CHECKPOINTED, {"_id": "mission-1"}, {"$set": {"head": [1, 4, "f" * 64]}})
    agenda.change(CHECKPOINTED, {"_id": "mission-2"}, {"$set": {"number": 9}})
    lines = faults(agenda)
    assert "agenda: checkpoints: mission-1 -: is not noted so by checkpoint 1" in lines
    assert "agenda: checkpoints: mission-2 -: is noted for checkpoint 9, which is not there" in lines


def test_checkpoints_that_an_earlier_audit_saw_cannot_go(agenda: Audited) -> None:
    assert agenda.checkpoint() == 0
    assert agenda.audit().status == 0
    agenda.remove(CHECKPOINTS, {"_id": 2})
    [fault] = faults(agenda)
    assert fault.startswith("agenda: checkpoints: checkpoint 2: an earlier audit saw it")
    # The same after a restore, which begins a new epoch, is told in words.
    agenda.change(META, {"_id": "epoch"}, {"$set": {"epoch": 2}})
    agenda.do(lambda database: command(database, "mission-1"))
    agenda.checkpoint()
    answer = agenda.audit()
    assert answer.status == 0, answer.text
    assert "restored to an earlier state at epoch 2: checkpoint 2 of epoch 1, which an earlier" in answer.text
    assert "restored to an earlier state at epoch 2, between checkpoint 1 of " in answer.text


def test_without_a_key_the_check_says_so(agenda: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PONTE_AUDIT_KEY_FILE")
    answer = agenda.audit()
    assert answer.status == 0, answer.text
    assert "no signature was verified" in answer.text
    agenda.remove(CHECKPOINTS, {"_id": 1})
    agenda.remove(JOURNAL, {"_id": "mission-2/1/2"})
    assert "no checkpoint yet" in agenda.audit().text


def test_what_cannot_be_looked_at_is_neither(agenda: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    assert agenda.audit("--service", "nobody").status == 2
    assert agenda.audit("--service", "networks").status == 2
    assert agenda.installation.ponte("check", "--service", "agenda").status == 2

    async def mark(database: Database) -> None:
        await database[META].insert_one({"_id": RESTORE})

    agenda.do(mark)
    answer = agenda.audit()
    assert (answer.status, "is being restored" in answer.text) == (2, True)
    agenda.remove(META, {"_id": RESTORE})
    agenda.key.write_text("nonsense")
    answer = agenda.audit()
    assert (answer.status, "audit-key.pem" in answer.text) == (2, True)


def test_an_audit_that_was_stopped_goes_on(agenda: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def stopped_at_once() -> Iterator[asyncio.Event]:
        asked = asyncio.Event()
        asked.set()
        yield asked

    with monkeypatch.context() as patched:
        patched.setattr(stopping, "stop_asked", stopped_at_once)
        assert agenda.audit().status == stopping.INTERRUPTED
    answer = agenda.audit()
    assert answer.status == 0
    assert "goes on at agenda: events" in answer.text
