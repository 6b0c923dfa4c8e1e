"""`ponte status` against small services of its own."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli.main import build_app
from shared.cli.status import FIGURES, figures_in
from shared.local.topology import PORTS

METRICS = """# HELP ponte_reader_lag_events Events
# TYPE ponte_reader_lag_events gauge
ponte_reader_lag_events 12.0
ponte_dead_letters_open 3.0
ponte_reader_events_total{topic="ponte.agenda"} 99.0
ponte_reader_lag_events_other 1.0
"""


class Handler(BaseHTTPRequestHandler):
    ready = True

    def do_GET(self) -> None:
        known = self.headers["authorization"] == "Bearer scrape"
        if self.path == "/metrics":
            self.answer(200 if known else 401, METRICS if known else "{}")
        elif Handler.ready:
            self.answer(200, '{"detail": "The service is ready."}')
        else:
            why = ": reader holds: AutoReconnect." if known else " to take requests."
            self.answer(503, json.dumps({"detail": f"The service is not ready{why}"}))

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    for name in PORTS:
        monkeypatch.setenv(f"PONTE_{name.upper()}_URL", url)
    (tmp_path / "token").write_text("scrape\n")
    monkeypatch.setenv("PONTE_METRICS_TOKEN_FILE", str(tmp_path / "token"))
    Handler.ready = True
    yield url
    server.shutdown()
    server.server_close()


def status(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(build_app(), ["status", *arguments])
    return result.exit_code, result.output.splitlines()


def test_only_the_figures_without_labels_are_taken() -> None:
    assert figures_in(METRICS) == {"ponte_reader_lag_events": 12, "ponte_dead_letters_open": 3}
    assert figures_in(METRICS).keys() < FIGURES.keys()


def test_all_ready_is_exit_status_0(service: str) -> None:
    code, lines = status()
    assert code == 0
    assert lines[0].split() == [
        "SERVICE",
        "WAITING",
        "OLDEST",
        "s",
        "LAG",
        "GAPS",
        "DEAD",
        "LETTERS",
        "STATE",
    ]
    assert lines[1].split() == ["agenda", "-", "-", "12", "-", "3", "ready"]
    assert len(lines) == 1 + len(PORTS)


def test_a_reason_is_shown_to_whoever_has_the_token(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Handler.ready = False
    code, lines = status("--wait", "0.1")
    assert (code, lines[1].endswith("not ready: reader holds: AutoReconnect")) == (1, True)
    monkeypatch.setenv("PONTE_METRICS_TOKEN_FILE", str(tmp_path / "none"))
    code, lines = status()
    assert (code, lines[1].endswith("not ready to take requests")) == (1, True)


def test_a_service_that_is_away_is_named(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PONTE_AGENDA_URL", "http://127.0.0.1:1")
    code, lines = status()
    assert code == 1
    assert "does not answer at http://127.0.0.1:1" in lines[1]
    assert lines[2].endswith("ready")
