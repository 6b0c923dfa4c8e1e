"""`ponte import` on the real system: twice, re-sorted, one changed cell, faults, conflicts, interruptions."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from shared.imports.reading import read_sheet
from shared.local.paths import root
from shared.store import derived_id
from shared.testing.waiting import eventually
from tests.system import PONTE, System
from tests.tables import SAMPLE, agreements, save, save_xlsx

FILES = [str(path) for path in sorted(SAMPLE.iterdir()) if path.suffix in {".csv", ".ics"}]
COLLECTIONS = {
    "agreements": "agreements",
    "agenda": "missions",
    "networks": "memberships",
    "dossiers": "candidacies",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ponte(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """The whole system without the sample, which the first test imports itself."""
    async with System(tmp_path_factory.mktemp("import") / "data") as system:
        yield system


async def everything(ponte: System) -> dict[str, dict[str, tuple[int, Any]]]:
    """Sequence and state of every aggregate, straight from the database."""
    found = {}
    for service, collection in COLLECTIONS.items():
        documents = await ponte.database(service)[collection].find({}).to_list()
        found[service] = {doc["_id"]: (doc["sequence"], doc["state"]) for doc in documents}
    return found


def the_id(key: str) -> str:
    return derived_id("agreement", "import", key)


async def test_the_sample_twice_in_any_order_changes_nothing(ponte: System, tmp_path: Path) -> None:
    first = ponte.ponte("import", *reversed(FILES))
    assert first.returncode == 0, first.stderr
    assert "agreements.csv: created 21, changed 0" in first.stdout

    async def signing_is_scheduled() -> bool:
        _, state = (await everything(ponte))["agreements"][the_id("sample-sao-paulo-2027")]
        return bool(state["agreement"]["status"]["status"] == "signing-scheduled")

    await eventually(signing_is_scheduled, within=15)
    stored = await everything(ponte)
    assert {service: len(found) for service, found in stored.items()} == {
        "agreements": 21,
        "agenda": len(read_sheet(SAMPLE / "missions.ics").lines),
        "networks": 3,
        "dossiers": 7,
    }
    rows = agreements()
    resorted = [dict(reversed(row.items())) for row in reversed(rows)]
    again = [
        FILES,
        [save(tmp_path / "resorted.csv", resorted)],
        [save(tmp_path / "excel.csv", rows, separator=";", encoding="utf-8-sig")],
        [save_xlsx(tmp_path / "agreements.xlsx", resorted)],
    ]
    for files in again:
        result = ponte.ponte("import", *files)
        assert result.returncode == 0, result.stderr
        assert "created 0, changed 0" in result.stdout
        assert await everything(ponte) == stored


async def test_one_changed_cell_is_one_change_and_back_again(ponte: System, tmp_path: Path) -> None:
    before = await everything(ponte)
    rows = agreements()
    rows[5]["note"] = "$5 million are {in} the note"
    changed = ponte.ponte("import", save(tmp_path / "changed.csv", rows))
    assert changed.stdout.strip().endswith("created 0, changed 1, unchanged 20, conflicts 0, refused 0")
    after = await everything(ponte)
    differing = {key for key in after["agreements"] if after["agreements"][key] != before["agreements"][key]}
    subject = the_id(rows[5]["agreement_key"])
    assert differing == {subject}
    assert {**after, "agreements": {}} == {**before, "agreements": {}}
    assert after["agreements"][subject][0] == before["agreements"][subject][0] + 1
    assert after["agreements"][subject][1]["agreement"]["note"] == rows[5]["note"]
    # The same cells as the first import are a change again, not an answer out of memory.
    back = ponte.ponte("import", FILES[0])
    assert "created 0, changed 1" in back.stdout
    final = (await everything(ponte))["agreements"][subject]
    assert final[0] == before["agreements"][subject][0] + 2
    assert final[1]["agreement"]["note"] is None


async def test_ten_faults_are_ten_lines_and_nothing_is_stored(ponte: System, tmp_path: Path) -> None:
    before = await everything(ponte)
    rows = agreements()
    faults: list[tuple[str, str, str]] = [
        ("city", "Frankfrut", "Frankfurt"),
        ("city", "Bethlehem", "Bethlehem, PS"),
        ("kind", "friendship", "twinning"),
        ("signed", "1967-13-02 (x | official)", "calendar"),
        ("status", "asleep", "suspended"),
        ("term_months", "many", "whole number"),
        ("permanent", "perhaps", "yes nor no"),
        ("status_as_of", "2999", "future"),
        ("title", "", "required"),
        ("agreement_key", "", "missing"),
    ]
    for row, (field, value, _) in zip(rows, faults, strict=False):
        row[field] = value
    rows[0]["country"], rows[1]["country"] = "DE", ""
    rows[1]["city"] = "Bethlehem, XX"
    rows[12]["note"] = "a good change that must not be stored"
    path = save(tmp_path / "faults.csv", rows)
    result = ponte.ponte("import", path)
    assert result.returncode == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 10, result.stderr
    for number, (line, (field, value, said)) in enumerate(zip(lines, faults, strict=True), start=2):
        assert line.startswith(f"faults.csv, line {number}: ")
        assert field in line
        if number != 3:
            assert value[:10] in line
            assert said in line
    assert result.stdout.strip() == "faults.csv: nothing stored, 10 problems"
    assert await everything(ponte) == before
    kept = ponte.ponte("import", "--keep-good", path)
    assert kept.returncode == 1
    assert "created 0, changed 1, unchanged 10, conflicts 0, refused 10" in kept.stdout
    assert ponte.ponte("import", FILES[0]).returncode == 0


async def test_what_an_officer_changed_is_reported_and_kept(ponte: System, tmp_path: Path) -> None:
    subject = the_id("twinning-osaka")
    async with ponte.http("agreements", "officer-city") as http:
        answer = await http.post(f"/v1/agreements/{subject}/correct", json={"title": "Osaka, a mano"})
        assert answer.status_code == 200, answer.text
    rows = agreements()
    osaka = next(row for row in rows if row["agreement_key"] == "twinning-osaka")
    unchanged = ponte.ponte("import", FILES[0])
    assert unchanged.returncode == 0
    assert "unchanged 21" in unchanged.stdout
    before = await everything(ponte)
    osaka["title"], osaka["note"] = "Osaka, dal file", "una nota"
    result = ponte.ponte("import", save(tmp_path / "conflict.csv", rows))
    assert result.returncode == 1
    assert "changed 0, unchanged 20, conflicts 1" in result.stdout
    [line] = result.stderr.strip().splitlines()
    for part in ("conflict.csv, line", "title", "Gemellaggio con Osaka", "Osaka, a mano", "Osaka, dal file"):
        assert part in line
    assert await everything(ponte) == before


def bulk(path: Path, count: int) -> str:
    row = next(row for row in agreements() if row["agreement_key"] == "collaboration-zagreb-2008")
    return save(path, [{**row, "agreement_key": f"{path.stem}-{number:04}"} for number in range(count)])


async def stored_rows(ponte: System, stem: str, *, once: bool = True) -> int:
    query: dict[str, Any] = {"state.imported.agreement_key": {"$regex": f"^{stem}-"}}
    collection = ponte.database("agreements")["agreements"]
    count = await collection.count_documents(query)
    if once:
        assert await collection.count_documents({**query, "sequence": {"$ne": 1}}) == 0
    return int(count)


async def interrupted(
    ponte: System, path: str, stem: str, strike: Callable[[subprocess.Popen[str]], Any]
) -> tuple[int, str, str]:
    """Run an import and strike when some of it is stored; its exit status and output."""
    process = subprocess.Popen(
        [PONTE, "import", path],
        env=ponte.environment,
        cwd=root(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:

        async def some_are_stored() -> bool:
            assert process.poll() is None, "the import was over before the strike"
            return await stored_rows(ponte, stem) >= 20

        await eventually(some_are_stored, within=60)
        strike(process)
        output, errors = await asyncio.to_thread(process.communicate, timeout=90)
        return process.returncode, output, errors
    finally:
        process.kill()


async def test_an_interrupted_import_goes_on(ponte: System, tmp_path: Path) -> None:
    count = 1200
    path = bulk(tmp_path / "bulk.csv", count)
    status, _, errors = await interrupted(ponte, path, "bulk", lambda it: it.send_signal(signal.SIGINT))
    assert status == 130
    assert errors.strip().splitlines() == [
        "ponte: stopped; what was stored stays, and the same command goes on from there"
    ]
    done = await stored_rows(ponte, "bulk")
    assert 20 <= done < count
    result = ponte.ponte("import", path)
    assert result.returncode == 0, result.stderr
    assert f"created {count - done}, changed 0, unchanged {done}" in result.stdout
    assert await stored_rows(ponte, "bulk") == count


async def test_a_service_killed_under_an_import_loses_and_doubles_nothing(
    ponte: System, tmp_path: Path
) -> None:
    count = 1200
    path = bulk(tmp_path / "killed.csv", count)
    status, output, errors = await interrupted(ponte, path, "killed", lambda _: ponte.kill("agreements"))
    assert status == 0, errors
    assert f"killed.csv: created {count}" in output
    assert await stored_rows(ponte, "killed") == count


def test_what_is_no_table_of_ours_is_said_in_one_line(ponte: System, tmp_path: Path) -> None:
    (tmp_path / "nokey.csv").write_text("agreement_kye,title\na,b\n")
    (tmp_path / "column.csv").write_text("agreement_key,titel\na,b\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "latin.csv").write_bytes("agreement_key,title\na,Città\n".encode("latin-1"))
    (tmp_path / "picture.xlsx").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    said = {
        "nokey.csv": "agreement_key (agreements)",
        "column.csv": "titel is not a column",
        "empty.csv": "is empty",
        "latin.csv": "line 2 is not UTF-8",
        "picture.xlsx": "neither a spreadsheet",
        "missing.csv": "no such file",
    }
    result = ponte.ponte("import", *(str(tmp_path / name) for name in said))
    assert result.returncode == 1
    lines = dict(line.split(": ", 1) for line in result.stderr.strip().splitlines())
    assert set(lines) == set(said)
    for name, part in said.items():
        assert part in lines[name]
    assert result.stdout.count("nothing stored, 1 problem") == len(said)


def test_a_service_that_is_away_is_one_sentence(ponte: System) -> None:
    environment = {**ponte.environment, "PONTE_AGREEMENTS_URL": "http://127.0.0.1:9"}
    result = subprocess.run(
        [PONTE, "import", FILES[0]], env=environment, cwd=root(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert result.stderr == "ponte: agreements: there is no answer at http://127.0.0.1:9.\n"
    refused = subprocess.run(
        [PONTE, "import", FILES[0]],
        env={**ponte.environment, "PONTE_TOKEN": ponte.token("auditor")},
        cwd=root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert "403" in refused.stderr


def test_a_dry_run_stores_nothing(ponte: System, tmp_path: Path) -> None:
    path = bulk(tmp_path / "dry.csv", 3)
    for _ in range(2):
        result = ponte.ponte("import", "--dry-run", path)
        assert result.returncode == 0, result.stderr
        assert result.stdout == "dry.csv: to create 3, to change 0, unchanged 0, conflicts 0, refused 0\n"
