"""`ponte privacy` against small services of its own: names, keys, pages, interruptions, refusals."""

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from shared.cli import people_calls
from shared.cli.errors import UserError
from shared.cli.main import build_app
from shared.cli.people_whom import Whom
from shared.local.topology import PORTS

ERASED = {
    "erasure_id": "erasure-1", "state": "done", "subjects": 2, "values": 3, "letters": 0, "documents": 1,
    "kept": [], "waits_for": None, "legal_ground": None,
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Every service at once; an export has three pages, an erasure is done at the second look."""

    seen: ClassVar[list[tuple[str, Any, str | None]]] = []
    fails_after: ClassVar[int | None] = None
    looks: ClassVar[int] = 0

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        body = json.loads(raw)
        Handler.seen.append((self.path, body, self.headers.get("idempotency-key")))
        if self.path == "/v1/people/export":
            number = int(body["after"] or 0)
            if Handler.fails_after is not None and number >= Handler.fails_after:
                self.answer(403, {"detail": "not allowed"})
                return
            place = {
                "collection": "missions",
                "id": f"m-{number}",
                "path": "state.note",
                "activity": "missions",
            }
            following = None if number == 2 else str(number + 1)
            self.answer(200, {"items": [place], "next": following, "looked_at": 10, "documents": 30})
        elif self.path == "/v1/people/erasures":
            self.answer(202, {**ERASED, "state": "running"})
        else:
            self.answer(201, {**ERASED, "state": "refused", "legal_ground": body["legal_ground"]})

    def do_GET(self) -> None:
        if self.path == "/v1/people/register":
            self.answer(200, {"items": [{"key": "missions"}, {"key": "sessions"}], "next": None})
        elif self.path == "/v1/people/erasures/erasure-1":
            self.answer(200, ERASED)
        else:
            self.answer(404, {"detail": "There is nothing."})

    def answer(self, status: int, body: Any) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in PORTS:
        monkeypatch.setenv(f"PONTE_{name.upper()}_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("PONTE_TOKEN", "a-token")
    monkeypatch.setattr(people_calls, "PATIENCE_S", 0.5)
    Handler.seen.clear()
    Handler.fails_after = None
    yield
    server.shutdown()
    server.server_close()


def ponte(*arguments: str, said: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["privacy", *arguments], input=said)
    if isinstance(result.exception, UserError):
        return 1, f"ponte: {result.exception}"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def asked(path: str) -> list[tuple[Any, str | None]]:
    return [(body, key) for seen, body, key in Handler.seen if seen == path]


def test_an_export_is_one_file_of_all_services_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "ada.json"
    status, text = ponte("export", " Ada  Neri ", "Neri, Ada", "--person-id", "p-1", "--to", str(file))
    assert status == 0, text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    document = json.loads(file.read_text())
    assert document["about"] == {"names": ["Ada Neri", "Neri, Ada"], "person_ids": ["p-1"]}
    assert {each["service"] for each in document["services"]} >= {"agenda", "dashboard"}
    for each in document["services"]:
        assert [place["id"] for place in each["places"]] == ["m-0", "m-1", "m-2"]
        assert each["activities"] == [{"key": "missions"}]
    assert list(tmp_path.iterdir()) == [file]
    assert ponte("export", "Ada Neri", "--to", str(file))[1].startswith(f"ponte: {file} is there already")


def test_an_interrupted_export_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "ada.json"
    Handler.fails_after = 1
    status, text = ponte("export", "Ada Neri", "--to", str(file))
    assert (status, file.exists()) == (1, False)
    assert "the answer is 403, not allowed" in text
    part = tmp_path / "ada.json.part"
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    with part.open("a") as torn:
        torn.write('{"service": "agenda", "items": [')  # the machine stopped in the middle of a page
    assert "another person's" in ponte("export", "Bo Neri", "--to", str(file))[1]
    Handler.fails_after = None
    Handler.seen.clear()
    assert ponte("export", "Ada Neri", "--to", str(file))[0] == 0
    assert {body["after"] for body, _ in asked("/v1/people/export")} == {"1", "2"}
    for each in json.loads(file.read_text())["services"]:
        assert [place["id"] for place in each["places"]] == ["m-0", "m-1", "m-2"]
    assert not part.exists()


def test_names_come_from_a_file_or_standard_input(tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("Ada Neri\n\nNeri  Ada\n")
    for file, said in ((str(names), None), ("-", "Neri Ada\nAda Neri\n")):
        Handler.seen.clear()
        status, text = ponte(
            "refuse", "--names-file", file, "--ground", "art. 17(3)(b)", "--reason", "1", said=said
        )
        assert status == 0, text
        assert {tuple(body["names"]) for body, _ in asked("/v1/people/refusals")} == {
            ("Ada Neri", "Neri Ada")
        }
        assert "agenda: refused; art. 17(3)(b)" in text


def test_erasing_again_asks_for_the_same_erasure() -> None:
    for _ in range(2):
        status, text = ponte("erase", "Ada Neri", "--reason", "request 12/2026", "--yes")
        assert status == 0, text
        assert text.splitlines()[0] == "erasure-1"
        assert "agenda: done: 2 records, 3 values of earlier events, 1 other documents" in text
    keys = {key for _, key in asked("/v1/people/erasures")}
    assert len(keys) == 1
    assert "Ada" not in str(keys)
    ponte("erase", "Ada Neri", "--reason", "request 13/2026", "--yes")
    assert len({key for _, key in asked("/v1/people/erasures")}) == 2


def test_nobody_is_erased_without_being_asked_whether_it_is_meant() -> None:
    status, text = ponte("erase", "Ada Neri", "--reason", "request 12/2026")
    assert status == 1
    assert "--yes is missing" in text
    assert Handler.seen == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["export", "--to", "x"], "nobody is named"),
        (["export", "A", "--to", "x"], "too short"),
        (["export", "--names-file", "no-such-file", "--to", "x"], "cannot be read"),
        (["export", "Ada Neri", "--to", "no-such-folder/x"], "cannot be written"),
        (["erase", "Ada Neri", "--reason", " ", "--yes"], "--reason is empty"),
        (["refuse", "Ada Neri", "--ground", "", "--reason", "x"], "--ground is empty"),
        (["status", "erasure-2"], "no service knows"),
        (["export", *(f"Ada {n}" for n in range(21)), "--to", "x"], "more than 20"),
    ],
)
def test_what_is_missing_is_one_sentence(arguments: list[str], said: str) -> None:
    status, text = ponte(*arguments)
    assert status == 1
    assert said in text
    assert text.startswith("ponte: ")


def test_how_far_it_is() -> None:
    status, text = ponte("status", "erasure-1", "--wait")
    assert status == 0
    assert "dossiers: done" in text


def test_a_service_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PONTE_AGENDA_URL", "http://127.0.0.1:1")
    status, text = ponte("export", "Ada Neri", "--to", str(tmp_path / "x"))
    assert (status, text) == (1, "ponte: agenda: there is no answer at http://127.0.0.1:1.")


def test_a_key_is_the_persons_and_the_requests() -> None:
    ada = Whom(("Ada Neri",), ())
    assert ada.key("erase", "1") == Whom(("Ada Neri",), ()).key("erase", "1")
    assert len({ada.key("erase", "1"), ada.key("erase", "2"), ada.key("refuse", "1")}) == 3
    assert Whom(("a", "b"), ()).key() != Whom(("a",), ("b",)).key()
