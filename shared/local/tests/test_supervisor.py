"""The supervisor: brings up, keeps up, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.local import ports, process
from shared.local.probe import status_of
from shared.testing import eventually

SCRIPT = Path(__file__).with_name("run_supervisor.py")


class Run:
    """A running supervisor, its output and the processes that it has."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.output = folder.with_suffix(f".{ports.free_port()}.out")
        with self.output.open("wb") as out:
            command = [sys.executable, str(SCRIPT), str(folder), *arguments]
            root = Path(__file__).parents[3]
            environment = {**os.environ, "PYTHONPATH": str(root)}
            self.process = subprocess.Popen(
                command, stdout=out, stderr=out, env=environment, cwd=root, start_new_session=True
            )

    @property
    def text(self) -> str:
        return self.output.read_text()

    def pid(self, name: str) -> int:
        return int((self.folder / "services" / f"{name}.pid").read_text().split()[0])

    async def ready(self) -> None:
        def shown() -> None:
            assert self.process.poll() is None or "ALL READY" in self.text, self.text
            assert "ALL READY" in self.text, self.text

        await eventually(shown, within=30)

    async def ended(self, within: float = 20) -> int:
        def done() -> None:
            assert self.process.poll() is not None, self.text

        await eventually(done, within=within)
        return int(self.process.returncode)


Start = Callable[..., Run]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    runs: list[Run] = []

    def begin(*arguments: str) -> Run:
        runs.append(Run(tmp_path / "data", *arguments))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            run.process.wait(30)


def alive(*pids: int) -> list[int]:
    return [pid for pid in pids if process.birth(pid) is not None]


async def test_ctrl_c_leaves_no_process(start: Start) -> None:
    one, two = ports.free_port(), ports.free_port()
    run = start("mongod", f"one={one}=serve", f"two={two}=serve")
    await run.ready()
    mongod = int((run.folder / "mongod" / "mongod.pid").read_text().split()[0])
    pids = (run.pid("one"), run.pid("two"), mongod)
    assert alive(*pids) == list(pids)
    assert await status_of(one) == 200
    run.process.send_signal(signal.SIGINT)
    assert await run.ended() == 0
    assert alive(*pids) == []
    assert ports.is_free(one)
    assert "Traceback" not in run.text
    assert not list(run.folder.rglob("*.pid"))


async def test_a_dead_service_is_started_again(start: Start) -> None:
    port = ports.free_port()
    run = start(f"one={port}=serve")
    await run.ready()
    old = run.pid("one")
    os.kill(old, signal.SIGKILL)

    async def again() -> None:
        assert await status_of(port) == 200
        assert run.pid("one") != old

    await eventually(again, within=10)
    assert "ended with signal 9" in run.text


async def test_a_service_that_no_longer_answers_is_killed_and_started_again(start: Start) -> None:
    port = ports.free_port()
    run = start(f"one={port}=serve", f"two={ports.free_port()}=serve")
    await run.ready()
    old, other = run.pid("one"), run.pid("two")
    os.kill(old, signal.SIGSTOP)

    async def again() -> None:
        assert await status_of(port) == 200
        assert run.pid("one") != old

    await eventually(again, within=20)
    assert "gave no sign of life for 1 s" in run.text
    assert run.pid("two") == other


async def test_a_service_that_says_it_is_stuck_is_started_again_ever_more_patiently(start: Start) -> None:
    run = start(f"one={ports.free_port()}=stuck")
    await run.ready()

    def twice() -> None:
        assert "gave no sign of life for 1 s" in run.text
        assert "gave no sign of life for 2 s" in run.text

    await eventually(twice, within=20)


async def test_a_dead_engine_is_started_again_where_it_was(start: Start) -> None:
    run = start("mongod", f"one={ports.free_port()}=serve")
    await run.ready()
    pid_file = run.folder / "mongod" / "mongod.pid"
    old = int(pid_file.read_text().split()[0])
    service = run.pid("one")
    os.kill(old, signal.SIGKILL)

    def again() -> None:
        assert int(pid_file.read_text().split()[0]) != old
        assert run.text.count("mongod | ready") == 2

    await eventually(again, within=20)
    # Its address is the old one, so the service went on undisturbed.
    assert run.pid("one") == service


async def test_a_service_that_never_comes_up_ends_the_start_with_a_sentence(start: Start) -> None:
    run = start(f"one={ports.free_port()}=fail", f"two={ports.free_port()}=serve")
    assert await run.ended() == 1
    assert "one ended 4 times before it was ready; its log is above." in run.text
    assert "one | no such setting" in run.text
    assert "Traceback" not in run.text
    assert not list(run.folder.rglob("*.pid"))


async def test_a_taken_port_is_one_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        run = start("mongod", f"agenda={port}=serve")
        assert await run.ended() == 1
    assert run.text == (
        f"Port {port} of agenda is in use by another program: stop it or set PONTE_AGENDA_PORT.\n"
    )


async def test_a_second_run_on_the_same_folder_is_one_sentence(start: Start) -> None:
    first = start(f"one={ports.free_port()}=serve")
    await first.ready()
    second = start(f"one={ports.free_port()}=serve")
    assert await second.ended() == 1
    assert second.text.startswith("Ponte is already running on ")
    assert second.text.count("\n") == 1
    assert first.process.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
async def test_kill_9_of_the_supervisor_takes_its_children_along(start: Start) -> None:
    port = ports.free_port()
    run = start("mongod", f"one={port}=serve")
    await run.ready()
    pids = (run.pid("one"), int((run.folder / "mongod" / "mongod.pid").read_text().split()[0]))
    run.process.kill()
    run.process.wait()

    def gone() -> None:
        assert alive(*pids) == []

    await eventually(gone, within=15)
    again = start("mongod", f"one={port}=serve")
    await again.ready()


async def test_what_takes_no_sigterm_is_ended_by_the_next_start(start: Start) -> None:
    port = ports.free_port()
    run = start(f"one={port}=stubborn")
    await run.ready()
    stubborn = run.pid("one")
    run.process.kill()
    run.process.wait()
    assert alive(stubborn) == [stubborn]
    again = start(f"one={port}=serve")
    await again.ready()
    assert alive(stubborn) == []


async def test_a_second_ctrl_c_does_not_wait(start: Start) -> None:
    run = start(f"one={ports.free_port()}=stubborn")
    await run.ready()
    stubborn = run.pid("one")
    run.process.send_signal(signal.SIGINT)

    def stopping() -> None:
        assert "stopping" in run.text

    await eventually(stopping)
    run.process.send_signal(signal.SIGINT)
    await run.ended(within=3)
    assert alive(stubborn) == []
