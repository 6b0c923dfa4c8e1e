"""What both engines have in common: process, folder, ports, log, and readiness with a deadline."""

import asyncio
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from shared.local import ports, process
from shared.local.errors import EngineFailed, EngineMissing, PortTaken

# A log that grew beyond this is set aside at the next start; one older log is kept.
LOG_LIMIT = 8 * 1024 * 1024
# What a person's shell may set for other Java programs must not reach ours.
FOREIGN = ("CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_HOME", "LD_PRELOAD")


class Engine(ABC):
    """A real engine on loopback with its data in one folder.

    Ports are chosen at the first start and remembered in the folder. Where one is taken at the next start,
    others are chosen, unless it was given by number.
    """

    name: ClassVar[str]
    port_names: ClassVar[tuple[str, ...]]
    stops_within: ClassVar[float] = 15

    def __init__(self, folder: Path, port: int | None = None) -> None:
        """Take the folder (made when missing) and, if its address matters, the port."""
        self.folder = folder
        self.ports: dict[str, int] = {}
        self._fixed_port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        """Where the engine writes what it has to say."""
        return self.folder / f"{self.name}.log"

    @property
    def port(self) -> int:
        """The port for clients; known once the engine was started."""
        return self.ports["client"]

    @property
    def pid(self) -> int:
        """The number of the running process.

        Raises:
            EngineFailed: it was not started.
        """
        if self._process is None:
            raise EngineFailed(f"{self.name} was not started.")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def ending(self) -> str:
        """How its process ended, in words."""
        code = self._process.poll() if self._process else None
        if code is None:
            return "nothing yet"
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def environment(self) -> dict[str, str]:
        """Return the settings by which a service finds this engine; empty before the first start."""
        return {}

    async def start(self, within: float = 60) -> Self:
        """Start the engine and wait until it takes work, at most `within` seconds.

        Raises:
            EngineMissing: its program is not there.
            EngineFailed: it ended or was not ready in time; nothing of it keeps running.
            PortTaken: the port given by number is in use.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        pid_file = self.folder / f"{self.name}.pid"
        await asyncio.to_thread(process.end_stale, pid_file)
        if self._fixed_port is not None and not ports.is_free(self._fixed_port):
            raise PortTaken(self._fixed_port, self.name, "another port for it")
        deadline = time.monotonic() + within
        try:
            # Between the choice of a free port and its use another program can be quicker: then once more.
            for last_try in (False, True):
                self._choose_ports()
                await self.prepare()
                self._process = self._launch()
                process.remember(pid_file, self._process.pid)
                if await self._ready(deadline):
                    return self
                if last_try or not self._lost_port():
                    raise EngineFailed(self._sentence("ended by itself"))
        except BaseException:
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """Stop it with SIGTERM, after a time limit with SIGKILL. Stopping twice does no harm."""
        if self._process is not None:
            await process.stop(self._process, self.stops_within)
            (self.folder / f"{self.name}.pid").unlink(missing_ok=True)

    def kill(self) -> None:
        """End it at once with SIGKILL, as a power cut would (for tests of faults)."""
        if self._process is not None and self.running:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    async def restart(self, within: float = 60) -> Self:
        """Stop it if it runs, and start it on the same folder."""
        await self.stop()
        return await self.start(within)

    async def __aenter__(self) -> Self:
        """Start it."""
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.stop()

    def log_tail(self, lines: int = 5) -> str:
        """Return the end of its log."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, self.log_file.stat().st_size - 8192))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def surroundings(self) -> dict[str, str]:
        """Return the environment variables that its own process gets on top of the person's."""
        return {}

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    async def prepare(self) -> None:  # noqa: B027 (an engine may have nothing to prepare)
        """Make what has to be in the folder before the process starts."""

    @abstractmethod
    async def is_ready(self, left: float) -> bool:
        """Tell whether it takes work now; may do the one-time set-up that needs the running engine.

        It may wait, but not longer than `left` seconds.
        """

    def _choose_ports(self) -> None:
        fixed = {} if self._fixed_port is None else {"client": self._fixed_port}
        self.ports = ports.remembered(self.folder / "ports.json", self.port_names, fixed)

    def _launch(self) -> subprocess.Popen[bytes]:
        if self.log_file.exists() and self.log_file.stat().st_size > LOG_LIMIT:
            self.log_file.replace(self.log_file.with_suffix(".log.1"))
        environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        environment |= self.surroundings()
        # A file and not a pipe: an engine must never wait for somebody to read its log.
        with self.log_file.open("ab") as log:
            try:
                return process.spawn(self.command(), output=log, environment=environment, folder=self.folder)
            except OSError as error:
                raise EngineMissing(f"{self.name} cannot be run: {error.strerror}.") from error

    async def _ready(self, deadline: float) -> bool:
        """Wait until it is ready; False means that the process has ended."""
        while self.running:
            left = deadline - time.monotonic()
            if left <= 0:
                raise EngineFailed(self._sentence("was not ready in time"))
            if ports.answers(self.port) and await self.is_ready(left):
                return True
            await asyncio.sleep(0.05)
        return False

    def _lost_port(self) -> bool:
        return self._fixed_port is None and not all(ports.is_free(port) for port in self.ports.values())

    def _sentence(self, what: str) -> str:
        return f"{self.name} {what}; the end of {self.log_file} says: {self.log_tail(2) or 'nothing'}"
