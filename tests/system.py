"""The whole of Ponte as `make run` starts it, in a data folder and on ports of a test's own."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from shared.local.paths import root
from shared.store import Client, Database, close, connect

SERVICES = ("agenda", "agreements", "networks", "dossiers", "dashboard")
PONTE = str(Path(sys.executable).with_name("ponte"))
LINK = re.compile(r"(http://127\.0\.0\.1:\d+/link\S+)")


def free_ports(count: int) -> list[int]:
    """Ports that nobody has at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class System:
    """`ponte up` as a process: started, asked, killed in parts, stopped with Ctrl-C's signal."""

    def __init__(self, folder: Path, *, sample: bool = False, ports: dict[str, int] | None = None) -> None:
        self.folder = folder
        self.sample = sample
        self.ports = ports or dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        self.output = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: Client | None = None

    @property
    def environment(self) -> dict[str, str]:
        own = {f"PONTE_{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        return {**os.environ, **own, "PONTE_DATA": str(self.folder), "NO_COLOR": "1"}

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def pid(self, service: str) -> int:
        """The process of a service now."""
        return int((self.folder / "services" / f"{service}.pid").read_text().split()[0])

    def kill(self, service: str) -> int:
        """`kill -9` of one service; the number of the process that was killed."""
        pid = self.pid(service)
        os.kill(pid, signal.SIGKILL)
        return pid

    def log(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def ponte(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a `ponte` command against this system."""
        return subprocess.run(
            [PONTE, *arguments],
            env=self.environment,
            cwd=root(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def token(self, role: str) -> str:
        """A bearer token of `ponte token`."""
        made = self.ponte("token", "--role", role)
        assert made.returncode == 0, made.stderr
        return made.stdout.strip()

    def link(self) -> str:
        """The sign-in link that the start printed."""
        found = LINK.findall(self.log())
        assert found, self.log()[-3000:]
        return str(found[-1])

    def http(self, service: str, role: str = "director") -> httpx.AsyncClient:
        """A client of one service with a token of `role`."""
        return httpx.AsyncClient(
            base_url=self.url(service),
            headers={"authorization": f"Bearer {self.token(role)}"},
            timeout=httpx.Timeout(10.0),
        )

    def database(self, service: str) -> Database:
        """The database of a service, read straight."""
        if self._client is None:
            port = re.search(r'"client": *(\d+)', (self.folder / "mongod" / "ports.json").read_text())
            assert port
            self._client = connect(f"mongodb://127.0.0.1:{port[1]}/?replicaSet=rs0")
        return self._client[f"ponte_{service}"]

    async def start(self, within: float = 150) -> Self:
        """Start and wait for the line with the link."""
        arguments = [PONTE, "up", *([] if self.sample else ["--no-sample"])]
        before = len(LINK.findall(self.log()))
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
                cwd=root(),
                start_new_session=True,
            )
        deadline = time.monotonic() + within
        while len(LINK.findall(self.log())) == before:
            assert self._process.poll() is None, (
                f"ended with {self._process.returncode}: {self.log()[-4000:]}"
            )
            assert time.monotonic() < deadline, f"not ready within {within} s: {self.log()[-4000:]}"
            await asyncio.sleep(0.1)
        return self

    async def stop(self, within: float = 40) -> int:
        """Send what Ctrl-C sends; the exit status."""
        if self._client is not None:
            await close(self._client)
            self._client = None
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + within
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._process.kill()
                raise AssertionError(f"still running {within} s after Ctrl-C: {self.log()[-3000:]}")
            await asyncio.sleep(0.05)
        return self._process.returncode

    def pids(self) -> list[tuple[int, str]]:
        """Number and command line of living processes that name this data folder in arguments or settings."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                told = command + (entry / "environ").read_bytes()
            except OSError:
                continue
            if str(self.folder).encode() in told:
                found.append((int(entry.name), command.replace(b"\0", b" ").decode()))
        return found

    def processes(self) -> list[str]:
        """Their command lines; empty when nothing of the run is left."""
        return [command for _, command in self.pids()]

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def overview(client: httpx.AsyncClient, path: str) -> Any:
    """The JSON answer of a GET that has to succeed."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()
