"""`ponte handover` against small services of its own: what it sends, tells and does not go on with."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner, Result

from shared.cli.errors import UserError
from shared.cli.main import build_app
from shared.local.topology import PORTS


class Handler(BaseHTTPRequestHandler):
    """Every service at once; the answers come in this order, the last one again and again."""

    seen: ClassVar[list[tuple[str, Any]]] = []
    answers: ClassVar[list[tuple[int, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        Handler.seen.append((self.path, body))
        status, told = Handler.answers.pop(0) if len(Handler.answers) > 1 else Handler.answers[0]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *arguments: object) -> None:
        pass


def told(passed_on: int, ended: int = 0, left: int = 0) -> tuple[int, dict[str, Any]]:
    return 200, {"passed_on": passed_on, "ended": ended, "left": left}


@pytest.fixture(autouse=True)
def services(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in PORTS:
        monkeypatch.setenv(f"PONTE_{name.upper()}_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("PONTE_TOKEN", "a-token")
    Handler.seen.clear()
    yield
    server.shutdown()
    server.server_close()


def ponte(*arguments: str) -> Result:
    return CliRunner().invoke(build_app(), ["handover", *arguments])


def test_each_service_is_asked_until_nothing_is_left() -> None:
    Handler.answers = [told(200, left=40), told(40, ended=1), told(0)]
    answer = ponte("anna", "luca", "--reason", " Retirement ")
    assert answer.exit_code == 0, answer.output
    lines = answer.stdout.splitlines()
    assert lines[0].endswith(": 240 passed on, 1 substitution ended")
    assert all(line.endswith(": 0 passed on") for line in lines[1:])
    assert not any(line.startswith("dashboard") for line in lines)
    assert {path for path, _ in Handler.seen} == {"/v1/handovers"}
    body = Handler.seen[0][1]
    assert (body["from"], body["to"], body["reason"]) == ("anna", "luca", "Retirement")


def test_a_refusal_is_one_sentence_that_names_the_service() -> None:
    Handler.answers = [(403, {"detail": "system.hand-over takes one of these roles: director."})]
    answer = ponte("anna", "luca", "--reason", "Retirement")
    assert isinstance(answer.exception, UserError)
    assert "403, system.hand-over takes one of these roles" in str(answer.exception)


def test_what_makes_no_way_is_not_asked_for_ever() -> None:
    Handler.answers = [told(0, left=3)]
    answer = ponte("anna", "luca", "--reason", "Retirement")
    assert "3 cannot be passed on now" in str(answer.exception)
    assert len(Handler.seen) == 1


def test_a_reason_is_demanded() -> None:
    assert ponte("anna", "luca").exit_code == 2
    assert "--reason is empty" in str(ponte("anna", "luca", "--reason", " ").exception)
    assert not Handler.seen
