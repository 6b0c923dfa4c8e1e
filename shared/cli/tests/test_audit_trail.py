"""`ponte check --audit` and the trail: an entry that was altered, removed or cut off is found."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.cli.tests.audited import Audited
from shared.store import Database, prepare
from shared.store.trail import AUDIT_ENTRIES, Entry, Kind
from shared.store.trail_writer import Trail


def refusal(number: int) -> Entry:
    route = "/v1/missions/{mission_id}"
    return Entry(
        Kind.REFUSAL, "203.0.113.7", "agenda.write", route, "POST", "forbidden", 403, actor=f"person-{number}"
    )


async def refuse(database: Database, times: int) -> None:
    """A process that starts, refuses and ends: a chain of its own."""
    trail = Trail()
    await trail.open(database)
    for number in range(times):
        trail.note(refusal(number))
    await trail.stop()


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
    made.do(lambda database: refuse(database, 4))
    made.do(lambda database: refuse(database, 2))
    assert made.checkpoint() == 4 + 2
    return made


def rows(agenda: Audited) -> list[dict[str, Any]]:
    """The longer chain, in order."""

    async def work(database: Database) -> list[dict[str, Any]]:
        return await database[AUDIT_ENTRIES].find({}).sort([("chain", 1), ("number", 1)]).to_list()

    every = agenda.do(work)
    longer = {row["chain"] for row in every if row["number"] == 4}
    return [row for row in every if row["chain"] in longer]


def faults(agenda: Audited) -> list[str]:
    answer = agenda.audit()
    assert answer.status == 1, answer.text
    return [line for line in answer.text.splitlines() if line.startswith(("agenda: trail", "agenda: check"))]


def test_whole_chains_are_clean_also_when_values_were_erased(agenda: Audited) -> None:
    answer = agenda.audit()
    assert answer.status == 0, answer.text
    agenda.change(AUDIT_ENTRIES, {"_id": rows(agenda)[2]["_id"]}, {"$set": {"people": []}})
    agenda.do(lambda database: refuse(database, 3))
    assert agenda.audit().status == 0
    assert agenda.checkpoint() == 1, "only the new chain has grown"
    assert agenda.audit().status == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", 200),
        ("actor", {"digest": "ab" * 32}),
        ("reason", "other"),
        ("at", "2026-01-01T00:00:00.000Z"),
    ],
)
def test_an_altered_entry_is_found(agenda: Audited, field: str, value: object) -> None:
    entry = rows(agenda)[1]
    agenda.change(AUDIT_ENTRIES, {"_id": entry["_id"]}, {"$set": {field: value}})
    place = f"agenda: trail: {entry['chain']} 2: "
    assert place + "its content does not have its hash" in faults(agenda)


def test_another_name_behind_the_digest_is_found(agenda: Audited) -> None:
    entry = rows(agenda)[1]
    agenda.change(AUDIT_ENTRIES, {"_id": entry["_id"]}, {"$set": {"people.0.value": "person-9"}})
    [fault] = faults(agenda)
    assert fault == f"agenda: trail: {entry['chain']} 2: the personal value 'actor' does not have its digest"


def test_a_removed_entry_is_found(agenda: Audited) -> None:
    entry = rows(agenda)[1]
    agenda.remove(AUDIT_ENTRIES, {"_id": entry["_id"]})
    assert faults(agenda) == [f"agenda: trail: {entry['chain']} 3: it follows number 1: entries are missing"]


def test_a_cut_off_end_is_found_by_the_checkpoint(agenda: Audited) -> None:
    *_, last = rows(agenda)
    agenda.remove(AUDIT_ENTRIES, {"_id": last["_id"]})
    [fault] = faults(agenda)
    name = f"agenda: checkpoints: {AUDIT_ENTRIES}/{last['chain']}"
    assert fault.startswith(f"{name} 0/4: was there at checkpoint 1 of ")
    forged = {**last, "reason": "other"}

    async def put(database: Database) -> None:
        await database[AUDIT_ENTRIES].insert_one({**forged, "hash": "ab" * 32})

    agenda.do(put)
    assert any(
        line.startswith(f"{name} 0/4: has another hash than in checkpoint 1") for line in faults(agenda)
    )


def test_a_whole_chain_that_is_gone_is_found(agenda: Audited) -> None:
    for row in rows(agenda):
        agenda.remove(AUDIT_ENTRIES, {"_id": row["_id"]})
    [fault] = faults(agenda)
    assert " is gone" in fault


def test_an_entry_that_belongs_to_no_chain_is_found(agenda: Audited) -> None:
    entry = rows(agenda)[3]
    agenda.change(AUDIT_ENTRIES, {"_id": entry["_id"]}, {"$set": {"chain": 5}})
    assert f"agenda: trail: {entry['_id']} -: belongs to no chain" in faults(agenda)


def test_a_service_without_a_journal_is_audited_too(agenda: Audited) -> None:
    async def dashboard(database: Database) -> None:
        await prepare(database, ())
        await refuse(database, 3)

    agenda.installation.database("dashboard", dashboard)
    answer = agenda.audit()
    assert answer.status == 0, answer.text
    assert "nothing was altered in agenda, dashboard" in answer.text

    async def alter(database: Database) -> None:
        await database[AUDIT_ENTRIES].update_one({"number": 2}, {"$set": {"status": 200}})

    agenda.installation.database("dashboard", alter)
    assert any(line.startswith("dashboard: trail: ") for line in agenda.audit().text.splitlines())
