"""The `ponte` command as a person meets it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from shared.cli import main as command
from shared.cli import up
from shared.cli.errors import UserError

ROOT = Path(__file__).parents[3]


def ponte(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "shared.cli.main", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_answers_at_once_and_loads_nothing_heavy() -> None:
    # The time is judged against an interpreter that only loads the command-line library.
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import typer, rich.table, rich.panel"], cwd=ROOT, check=True)
    bare = time.monotonic() - started
    started = time.monotonic()
    result = ponte("--help")
    assert result.returncode == 0
    assert "up" in result.stdout
    assert time.monotonic() - started < 5 * bare + 0.5
    heavy = "import sys, shared.cli.main as m; m.build_app(); print([n for n in HEAVY if n in sys.modules])"
    heavy = heavy.replace("HEAVY", repr(("pymongo", "aiokafka", "fastapi", "openpyxl", "httpx", "icalendar")))
    loaded = subprocess.run(
        [sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_what_a_person_can_mend_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = typer.Typer()

    @app.command()
    def fail() -> None:
        raise UserError("the setting PONTE_X is missing.")

    monkeypatch.setattr(command, "build_app", lambda: app)
    monkeypatch.setattr(sys, "argv", ["ponte"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "ponte: the setting PONTE_X is missing.\n"


def test_a_wrong_port_setting_stops_the_start(tmp_path: Path) -> None:
    result = ponte("up", PONTE_DATA=str(tmp_path), PONTE_AGENDA_PORT="eighty")
    assert result.returncode == 1
    assert result.stderr.startswith("ponte: PONTE_AGENDA_PORT is 'eighty', which is not a port number")
    assert result.stderr.count("\n") == 1


def test_only_an_empty_data_folder_gets_the_sample(tmp_path: Path) -> None:
    new, bare, used = tmp_path / "new", tmp_path / "bare", tmp_path / "used"
    for folder in (new, bare, used):
        folder.mkdir()
    up.mark_if_new(new, sample=True)
    assert (new / up.SAMPLE_PENDING).exists()
    up.mark_if_new(bare, sample=False)
    for folder in (bare, used):
        (folder / "mongod" / "db").mkdir(parents=True)
        up.mark_if_new(folder, sample=True)
        assert not (folder / up.SAMPLE_PENDING).exists()
