"""The front-end packages: fetched once, instant afterwards, and one sentence where they cannot be had."""

import json
import stat
import sys
import time
from pathlib import Path

import pytest

from services.dashboard import assets
from services.dashboard.assets import PAGE, WEB, AssetsFailed, Bundle, main, provide

TESTS_WEB = Path(__file__).resolve().parent / "web"


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """The smallest locked package that the repository has."""
    return Bundle(TESTS_WEB, tmp_path / "vendor", {"axe-core/LICENSE": "LICENSE"})


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755 | stat.S_IXUSR)


def test_locks_have_hashes_and_no_addresses() -> None:
    for web in (WEB, TESTS_WEB):
        lock = json.loads((web / "package-lock.json").read_text())
        packages = [entry for name, entry in lock["packages"].items() if name]
        assert packages
        assert all(entry["integrity"].startswith("sha512-") for entry in packages)
        assert not any("resolved" in entry for entry in packages)
        wanted = json.loads((web / "package.json").read_text())
        named = {**wanted.get("dependencies", {}), **wanted.get("devDependencies", {})}
        assert all(version[0].isdigit() for version in named.values()), "pinned"
    assert "--hash=sha256:" in (WEB / "node.lock").read_text()


def test_a_second_run_is_instant_and_a_lost_file_is_fetched_again(bundle: Bundle) -> None:
    assert provide(bundle) is True
    began = time.monotonic()
    assert provide(bundle) is False
    assert time.monotonic() - began < 0.1
    (bundle.target / "LICENSE").unlink()
    assert provide(bundle) is True
    assert [path.name for path in bundle.target.parent.iterdir()] == ["vendor"], "nothing else is left"


def test_the_page_has_its_files() -> None:
    provide(PAGE)
    assert PAGE.ready()
    assert {"bootstrap-italia.min.css", "sprites.svg", "htmx.min.js"} <= set(PAGE.files.values())


@pytest.mark.parametrize(
    ("npm", "sentence"),
    [
        ("echo 'npm error code ENOTFOUND' >&2; exit 1", "could not fetch the page's front-end packages"),
        ("exit 0", "has no such file"),
    ],
)
def test_a_failure_is_one_sentence(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, npm: str, sentence: str
) -> None:
    program(tmp_path / "bin", "node", "echo v22.0.0")
    program(tmp_path / "bin", "npm", npm)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(AssetsFailed, match=sentence) as failure:
        provide(bundle)
    assert len(str(failure.value).splitlines()) == 1
    assert not bundle.target.exists()


def test_an_old_node_is_passed_over_and_no_node_at_all_is_said(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path / "bin", "node", "echo v12.22.0")
    program(tmp_path / "bin", "npm", "exit 0")
    program(tmp_path / "bin", "python", "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(assets, "_wheel", lambda: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(assets, "PAGE", bundle)
    assert main() == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("The page needs Node.js 20 or newer")
    assert len(said.splitlines()) == 1
