"""The image's health check, on processes of the test's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local import ports
from shared.local.healthcheck import MINE, PATIENCE_S, STARTING_S, check, children
from shared.local.probe import status_of
from shared.local.tests.run_supervisor import FAKE
from shared.testing import eventually

# As in a container: an init that has started the service, and ends with it.
INIT = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', sys.argv[1], 'serve']))"


@pytest.fixture
def port() -> int:
    return ports.free_port()


@pytest.fixture
def init(port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PONTE_HTTP_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-c", INIT, FAKE], env=environment, start_new_session=True)
    yield process
    for pid in [*children(process.pid)]:
        os.kill(pid, signal.SIGKILL)
    process.kill()
    process.wait(10)


async def serves(port: int) -> bool:
    return await status_of(port) == 200


async def test_a_service_without_a_sign_of_life_is_ended_after_its_time(
    init: subprocess.Popen[bytes], port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await eventually(lambda: serves(port))
    state = tmp_path / "state"
    assert await check(port, state, init=init.pid, now=1000) == 0
    [service] = children(init.pid)
    os.kill(service, signal.SIGSTOP)
    monkeypatch.setattr("shared.local.healthcheck.WITHIN_S", 0.3)
    monkeypatch.setenv(MINE, "1")
    assert await check(port, state, init=init.pid, now=1000 + PATIENCE_S) == 1
    assert init.poll() is None
    monkeypatch.delenv(MINE)
    assert await check(port, state, init=init.pid, now=1001 + PATIENCE_S) == 1
    assert init.poll() is None, "outside a container nothing is ended"
    monkeypatch.setenv(MINE, "1")
    assert await check(port, state, init=init.pid, now=1001 + PATIENCE_S) == 1
    await eventually(lambda: init.poll() is not None)


async def test_one_that_starts_is_left_alone_for_longer(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setenv(MINE, "1")

    def none_left(parent: int) -> list[int]:
        ended.append(parent)
        return []

    monkeypatch.setattr("shared.local.healthcheck.children", none_left)
    state = tmp_path / "state"
    for seconds, expected in ((0, []), (STARTING_S, []), (STARTING_S + 1, [7])):
        assert await check(port, state, init=7, now=1000 + seconds) == 1
        assert ended == expected
