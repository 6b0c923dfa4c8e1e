"""No locked package has a known advisory, none was withdrawn by its makers, none is pinned by an address.

Python packages are looked up one by one at the index that pip uses (its JSON answers carry the Python
Packaging Advisory Database, and whether a version was yanked), npm's with `npm audit`. Where an index does
not say, as many mirrors do not, a line that begins with `note:` tells so and the check passes. What needs no
network is always looked at. `requirements/advisories.toml` accepts single advisories, each with a reason and
for a time. The Java archives of the local engines have no such service; production uses official images.

Looked at and left out: the package `safety-db` (its data are of 2021), `osv-offline-db` and
`appthreat-vulnerability-db` (programs that fetch their data elsewhere), `pip-audit` (asks the same index).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = ROOT / "requirements" / "advisories.toml"
STAMP = ROOT / ".ponte" / "dependency-audit.stamp"
PATIENCE = 10
"""Seconds that one answer of an index may take."""
FRESH = 12 * 3600
"""Seconds for which a clean answer about the same locks is believed: nobody asks 100 times a day."""
LONGEST = timedelta(days=180)
"""An advisory is accepted for so long at most; then it is looked at again."""

Ask = Callable[[str, str], Any]
"""The index's JSON about (package, version). Raises ``OSError`` or ``ValueError`` where it gives none."""


@dataclass(frozen=True, order=True)
class Finding:
    """What speaks against a locked package. ``advisory`` is its id, or ``yanked``."""

    package: str
    version: str
    advisory: str
    text: str

    def __str__(self) -> str:
        return f"{self.package} {self.version}: {self.advisory}: {self.text}"


def python_packages(locks: Iterable[Path]) -> list[tuple[str, str]]:
    """Every (name, version) of the lock files, once."""
    found: set[tuple[str, str]] = set()
    for lock in locks:
        found |= set(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE))
    return sorted(found)


def wrong_pins(python: Iterable[Path], npm: Iterable[Path]) -> Iterator[str]:
    """What a lock file holds that is no version of an index with its hash."""
    for lock in python:
        for line in lock.read_text().splitlines():
            if re.match(r"^(-e\b|[^#\s].*( @ |://|git\+))", line):
                yield f"{lock.name}: {line.split(' ')[0]} is pinned by an address"
    for lock in npm:
        for name, package in json.loads(lock.read_text())["packages"].items():
            if name and (package.get("link") or not package.get("integrity")):
                yield f"{lock}: {name} has no hash"
            if re.match(r"^(git|file|ssh)", package.get("resolved", "")):
                yield f"{lock}: {name} is pinned by an address"


def of_python(packages: list[tuple[str, str]], ask: Ask) -> tuple[list[Finding], str | None]:
    """The findings, and a sentence about what could not be asked."""
    first = packages[0]
    try:
        ask(*first)
    except (OSError, ValueError) as error:
        return [], f"advisories of {len(packages)} Python packages not asked, the index gives none ({error})"

    def asked(package: tuple[str, str]) -> list[Finding] | None:
        try:
            return list(_of_answer(*package, ask(*package)))
        except (OSError, ValueError):
            return None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(asked, packages))
    silent = sum(answer is None for answer in answers)
    found = [finding for answer in answers for finding in answer or ()]
    return found, f"{silent} of {len(packages)} Python packages not answered for" if silent else None


def _of_answer(name: str, version: str, answer: Any) -> Iterator[Finding]:
    for one in answer["vulnerabilities"]:
        if one.get("withdrawn") is None:
            fixed = ", ".join(one.get("fixed_in") or ()) or "no version yet"
            text = f"{one.get('summary') or one.get('link') or 'no summary'} (mended in {fixed})"
            yield Finding(name, version, one["id"], text)
    if answer["info"].get("yanked"):
        yield Finding(
            name, version, "yanked", answer["info"].get("yanked_reason") or "withdrawn by its makers"
        )


def of_npm(report: Any) -> tuple[list[Finding], str | None]:
    """The findings in what `npm audit --json` printed, and a sentence where it could not ask."""
    if "auditReportVersion" not in report:
        told = str(report.get("message") or report.get("error", {}).get("summary") or "no report")
        why = told.partition(" - ")[0]  # then npm names the address that it asked
        return [], f"advisories of npm packages not asked, the registry gives none ({why})"
    found = [
        Finding(name, one["range"], str(via.get("url", via.get("source"))).rsplit("/", 1)[-1], via["title"])
        for name, one in report["vulnerabilities"].items()
        for via in one["via"]
        if isinstance(via, dict)
    ]
    return found, None


def judged(found: Iterable[Finding], accepted: list[dict[str, Any]], today: date) -> Iterator[str]:
    """What fails the check: findings that nobody accepted, and acceptances that do not hold."""
    holds: set[tuple[str, str]] = set()
    for one in accepted:
        name = f"advisories.toml: {one.get('package')} {one.get('id')}"
        if not {"package", "id", "reason", "until"} <= one.keys() or not str(one["reason"]).strip():
            yield f"{name} needs package, id, reason and until"
        elif not isinstance(one["until"], date) or one["until"] > today + LONGEST:
            yield f"{name} has to end within {LONGEST.days} days"
        elif one["until"] < today:
            yield f"{name} was accepted until {one['until']}: {one['reason']}"
        else:
            holds.add((one["package"], one["id"]))
    yield from sorted({str(one) for one in found if (one.package, one.advisory) not in holds})


def index_ask() -> Ask:
    """Asks the index that pip or uv is set to, else pip's own."""
    from pip._internal.models.index import PyPI

    named = next(filter(None, map(os.environ.get, ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"))), "")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    base = (named or done.stdout.strip() or PyPI.simple_url).rstrip("/").removesuffix("/simple")

    def ask(name: str, version: str) -> Any:
        try:
            with urllib.request.urlopen(f"{base}/pypi/{name}/{version}/json", timeout=PATIENCE) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(f"HTTP {error.code}") from None
        except urllib.error.URLError as error:
            raise ValueError(type(error.reason).__name__) from None
        if not isinstance(told, dict) or not {"info", "vulnerabilities"} <= told.keys():
            raise ValueError("its answer names no advisories")
        return told

    return ask


def npm_report(folder: Path) -> Any:
    """What `npm audit` says about the lock file in the folder."""
    npm = shutil.which("npm")
    if npm is None:
        return {"message": "npm is not on PATH"}
    command = [npm, "audit", "--json", "--package-lock-only", "--loglevel=silent"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=6 * PATIENCE, check=False
        )
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {"message": "npm gave no report"}


def main() -> int:
    """Print what is wrong and what could not be asked; return 1 if anything is wrong."""
    python = sorted((ROOT / "requirements").glob("*.lock"))
    npm = sorted((ROOT / "services").glob("**/web/package-lock.json"))
    accepted = tomllib.loads(ACCEPTED.read_text()).get("accepted", [])
    state = hashlib.sha256(b"\0".join(path.read_bytes() for path in [*python, *npm])).hexdigest()
    found: list[Finding] = []
    notes: list[str] = []
    fresh = STAMP.is_file() and STAMP.read_text() == state and time.time() - STAMP.stat().st_mtime < FRESH
    if not fresh:
        asked = [of_python(python_packages(python), index_ask())]
        asked += [of_npm(npm_report(lock.parent)) for lock in npm]
        found = [one for findings, _ in asked for one in findings]
        notes = sorted({note for _, note in asked if note})
    wrong = [*wrong_pins(python, npm), *judged(found, accepted, date.today())]  # noqa: DTZ011 - of this machine
    print("\n".join([*wrong, *(f"note: {note}" for note in notes)]) or "dependency audit: no advisory")
    if not (wrong or found or notes or fresh):
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text(state)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
