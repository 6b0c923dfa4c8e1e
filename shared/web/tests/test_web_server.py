"""A service as its supervisor and its operators meet it: a real process with a real uvicorn."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.identity import Role
from shared.identity.local import LocalKeys, issue_token

ROOT = Path(__file__).parents[3]
Start = Callable[..., "Process"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One run of the sample service."""

    def __init__(self, folder: Path, keys: LocalKeys, **environment: str | None) -> None:
        self.port = free_port()
        self.notes = folder / "notes"
        self.log = folder / "log"
        self.base = f"http://127.0.0.1:{self.port}"
        self.headers = {"Authorization": f"Bearer {issue_token(keys, Role.DIRECTOR)}"}
        settings: dict[str, str | None] = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PONTE_")},
            "PONTE_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
            "PONTE_MONGODB_URI": "mongodb://127.0.0.1:9",
            "PONTE_HTTP_PORT": str(self.port),
            "SAMPLE_NOTES": str(self.notes),
            **keys.environment(),
            **environment,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shared.web.tests.serve_sample"],
                cwd=ROOT,
                env={name: value for name, value in settings.items() if value is not None},
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
            )

    def until(self, holds: Callable[[], object], within: float = 30) -> None:
        deadline = time.monotonic() + within
        while not holds():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def ready(self) -> Process:
        def answers() -> bool:
            try:
                return httpx.get(f"{self.base}/status").status_code == 200
            except httpx.TransportError:
                return False

        self.until(answers)
        return self

    def ended(self, within: float = 30) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=within)
        return self.process.returncode, errors

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def start(tmp_path: Path, keys: LocalKeys) -> Iterator[Start]:
    started: list[Process] = []

    def begin(**environment: str | None) -> Process:
        made = Process(tmp_path, keys, **environment)
        started.append(made)
        return made

    yield begin
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def one_sentence(ended: tuple[int, str]) -> str:
    code, errors = ended
    assert code == 1
    assert errors.count("\n") == 1, errors
    assert "Traceback" not in errors
    assert "secret" not in errors
    return errors


def test_every_missing_setting_is_named(start: Start) -> None:
    text = one_sentence(start(PONTE_MONGODB_URI=None, PONTE_OIDC_JWKS="").ended())
    assert text == "Settings: PONTE_MONGODB_URI is missing; PONTE_OIDC_JWKS is missing.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PONTE_HTTP_PORT", "secret"),
        ("PONTE_HTTP_PORT", "70000"),
        ("PONTE_PUBLIC_URL", "http://secret.example"),
        ("PONTE_LOG_FORMAT", "secret"),
        ("PONTE_MONGODB_DRIVER", "secret"),
        ("PONTE_RATE_LIMIT", "0"),
    ],
)
def test_a_wrong_setting_is_named(start: Start, name: str, value: str) -> None:
    assert name in one_sentence(start(**{name: value}).ended())


def test_a_taken_port_is_one_sentence(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        text = one_sentence(start(PONTE_HTTP_PORT=port).ended())
    assert port in text
    assert "PONTE_HTTP_PORT" in text


def test_an_engine_that_is_away_is_one_sentence(start: Start) -> None:
    assert "PONTE_MONGODB_URI" in one_sentence(start(SAMPLE_START="away").ended())


def test_a_mistake_in_a_part_is_in_the_log(start: Start) -> None:
    run = start(SAMPLE_START="bug")
    assert "KeyError" in one_sentence(run.ended())
    assert any("serve_sample.py" in frame for frame in run.lines()[-1]["stack"])


def test_it_starts_answers_and_ends_in_order(start: Start) -> None:
    run = start().ready()
    found = httpx.get(f"{run.base}/v1/frozen", headers=run.headers).json()
    assert found["frozen"] > 10_000
    assert found["threshold"] == 50_000
    run.process.send_signal(signal.SIGTERM)
    assert run.ended() == (0, "")
    assert run.notes.read_text() == "stopped"
    assert run.lines()[0]["message"].startswith("listening on")


def test_an_open_stream_says_goodbye(start: Start) -> None:
    run = start().ready()
    with httpx.stream("GET", f"{run.base}/v1/live", headers=run.headers) as stream:
        pieces = stream.iter_text()
        assert "hello" in next(pieces)
        run.process.send_signal(signal.SIGINT)
        assert "bye" in "".join(pieces)
    assert run.ended() == (0, "")


def test_a_stop_during_the_start_is_heard(start: Start) -> None:
    run = start(SAMPLE_START="slow")
    run.until(run.notes.exists)
    run.process.send_signal(signal.SIGTERM)
    assert run.ended(within=10) == (0, "")


def test_a_part_that_does_not_stop_is_left(start: Start) -> None:
    run = start(SAMPLE_STOP="hang", PONTE_SHUTDOWN_SECONDS="0.3").ready()
    run.process.send_signal(signal.SIGTERM)
    code, _ = run.ended(within=10)
    assert code == 1
    assert "did not stop" in run.lines()[-1]["message"]


def test_a_stream_that_breaks_is_cut_and_the_service_goes_on(start: Start) -> None:
    run = start().ready()
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{run.base}/v1/trips/stream/broken", headers=run.headers)
    assert httpx.get(f"{run.base}/status").status_code == 200
    run.until(lambda: [line for line in run.lines() if line.get("message") == "unexpected error"])


def test_what_is_not_http_does_no_harm(start: Start) -> None:
    run = start().ready()
    for raw in (
        b"\x16\x03\x01\x00",
        b"GET\r\n\r\n",
        b"GET /status HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", run.port), timeout=5) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)
    assert httpx.get(f"{run.base}/status").status_code == 200


def test_the_log_tells_the_request_and_nothing_personal(start: Start) -> None:
    run = start().ready()
    httpx.get(f"{run.base}/v1/trips", params={"limit": 7, "name": "Anna-Rossi"}, headers=run.headers)
    httpx.post(f"{run.base}/v1/trips", json={"title": "For Anna-Rossi"}, headers=run.headers)
    httpx.get(f"{run.base}/v1/trips/failures/bug", headers=run.headers)
    run.process.send_signal(signal.SIGTERM)
    run.ended()
    told = [line for line in run.lines() if line["logger"] == "ponte.http" and line["message"] == "request"]
    assert [(line["method"], line["uri"], line["status"], line["outcome"]) for line in told] == [
        ("GET", "/v1/trips", 200, "ok"),
        ("POST", "/v1/trips", 422, "refused"),
        ("GET", "/v1/trips/failures/bug", 500, "failed"),
    ]
    first = told[0]
    assert first["time"].endswith("Z")
    assert (first["service"], first["consumer_id"], first["client"]) == ("sample", "ponte-cli", "127.0.0.1")
    assert first["request_id"]
    assert told[2]["route"] == "/v1/trips/failures/{what}"
    text = run.log.read_text()
    for secret in ("Anna", "limit=7", run.headers["Authorization"][7:], "local-director"):
        assert secret not in text
