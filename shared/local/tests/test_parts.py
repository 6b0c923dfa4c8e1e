"""The small parts: ports, processes, topology, console, logs."""

import asyncio
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from shared.local import ports, process
from shared.local.console import Console
from shared.local.errors import LocalError
from shared.local.logfile import LogFile
from shared.local.severe import follow, severe
from shared.local.topology import PORTS, Service, port_of, services
from shared.testing import NotInTime, eventually


def test_ports_are_remembered_as_long_as_they_are_free(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = ports.remembered(file, ("client", "controller"))
    assert len(set(first.values())) == 2
    assert ports.remembered(file, ("client", "controller")) == first
    fixed = ports.remembered(file, ("client", "controller"), {"client": first["controller"]})
    assert fixed["client"] == first["controller"]
    assert fixed["controller"] != first["controller"]


@pytest.mark.parametrize("content", ["", "[]", "{", '{"client": "x"}', '{"client": 99999}'])
def test_a_spoilt_memory_of_ports_is_no_obstacle(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ports.json"
    file.write_text(content)
    assert ports.remembered(file, ("client",))["client"] in ports.RANGE


def test_only_the_very_process_is_ended_as_stale(tmp_path: Path) -> None:
    file = tmp_path / "engine.pid"
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        file.write_text(f"{sleeper.pid} 1\n")  # the number fits, the birth does not
        assert not process.end_stale(file)
        assert sleeper.poll() is None
        process.remember(file, sleeper.pid)
        assert process.end_stale(file)
        assert sleeper.wait(5) < 0
    finally:
        sleeper.kill()
    assert not file.exists()


def test_the_topology_has_what_exists_and_its_settings_move_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("agenda", "dashboard", "networks"):
        (tmp_path / name).mkdir()
    for name in ("agenda", "dashboard"):
        (tmp_path / name / "__main__.py").touch()
    assert [service.name for service in services(tmp_path)] == ["agenda", "dashboard"]
    monkeypatch.setenv("PONTE_AGENDA_PORT", "9001")
    assert services(tmp_path)[0].port == 9001
    monkeypatch.setenv("PONTE_AGENDA_PORT", str(PORTS["dashboard"]))
    with pytest.raises(LocalError, match="same port 8080: set PONTE_DASHBOARD_PORT"):
        services(tmp_path)


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "8080.0", "٣"])
def test_a_setting_that_is_no_port_is_named(text: str) -> None:
    with pytest.raises(LocalError, match="which is not a port number from 1 to 65535"):
        port_of("agenda", 8101, {"PONTE_AGENDA_PORT": text})


def test_json_logs_are_readable_on_a_terminal_and_untouched_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = '{"timestamp": "2026-11-22T10:11:12Z", "level": "warning", "event": "late", "subject": "m-1"}'
    Console(["agenda"], terminal=True).log("agenda", line)
    shown = capsys.readouterr().out
    assert "10:11:12" in shown
    assert "subject=m-1" in shown
    Console(["agenda"], terminal=False).log("agenda", line)
    assert capsys.readouterr().out == f"agenda | {line}\n"


def test_markup_in_a_log_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    Console(["agenda"], terminal=False).log("agenda", "[bold]x[/bold] [/]")
    assert capsys.readouterr().out == "agenda | [bold]x[/bold] [/]\n"


def test_the_board_names_what_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(["mongod", "agenda"], terminal=True)
    console.open_board()
    console.state("mongod", "ready after 0.5 s")
    console.close_board()
    shown = capsys.readouterr().out
    assert "ready after 0.5 s" in shown
    assert "waiting" in shown


def test_only_severe_lines_of_an_engine_are_shown() -> None:
    assert severe('{"s":"I","msg":"hello"}') is None
    assert severe('{"s":"E","msg":"no space","attr":{"left":0}}') == 'no space {"left": 0}'
    assert severe("{broken") is None
    assert severe("12 [main] WARN kafka - x") is None
    assert severe("12 [main] ERROR kafka - x") == "12 [main] ERROR kafka - x"


async def test_a_log_is_followed_also_when_it_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "kafka.log"
    file.write_text("1 [main] ERROR old\n")
    seen: list[str] = []
    task = asyncio.create_task(follow(file, seen.append))
    await asyncio.sleep(0)
    with file.open("a") as log:
        log.write("2 [main] ERROR new\n3 [main] INFO no\n")
    await eventually(lambda: seen == ["2 [main] ERROR new"], within=5)
    file.write_text("4 [main] ERROR x\n")
    await eventually(lambda: seen[1:] == ["4 [main] ERROR x"], within=5)
    task.cancel()


async def test_eventually_shows_the_last_failure() -> None:
    tries: list[int] = []

    def check() -> int:
        tries.append(1)
        assert len(tries) > 3, f"only {len(tries)}"
        return len(tries)

    assert await eventually(check, every=0.01) == 4
    with pytest.raises(NotInTime, match="ZeroDivisionError"):
        await eventually(lambda: 1 // 0, within=0.05, every=0.01)

    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NotInTime, match="TimeoutError"):
        await eventually(never, within=0.1)


def test_a_service_names_its_setting_and_address() -> None:
    service = Service("agenda", 8101, ())
    assert (service.port_setting, service.url) == ("PONTE_AGENDA_PORT", "http://127.0.0.1:8101")


def test_answered_requests_stay_off_the_screen_unless_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    request = '{"level":"info","logger":"ponte.http","message":"request"}'
    Console(["agenda"]).log("agenda", request)
    assert capsys.readouterr().out == ""
    Console(["agenda"], verbose=True).log("agenda", request)
    Console(["agenda"]).log("agenda", request.replace("info", "error"))
    assert capsys.readouterr().out.count("request") == 2


def test_a_log_file_does_not_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "agenda.log"
    log = LogFile(path, limit=100)
    for number in range(30):
        log.write(b"line %d" % number)
    log.close()
    assert path.stat().st_size < 120
    assert (tmp_path / "logs" / "agenda.log.1").stat().st_size < 120
    assert path.read_bytes().endswith(b"line 29\n")


def test_a_port_is_given_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens on it yet when the next one is asked for."""
    monkeypatch.setattr(ports, "RANGE", range(31_000, 31_020))
    monkeypatch.setattr(ports, "_given", deque())
    given = [ports.free_port() for _ in range(10)]
    assert len(set(given)) == 10
