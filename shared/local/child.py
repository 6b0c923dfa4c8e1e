"""One supervised process: started, watched, started again when it dies, and stopped within a time limit."""

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.local import process
from shared.local.console import Console
from shared.local.errors import LocalError
from shared.local.liveness import ALIVE, Limits, Liveness, watch
from shared.local.logfile import LogFile
from shared.local.probe import status_of
from shared.local.topology import Service

# Seconds: the first pause before a dead process is started again, and the longest. A process that lived for
# HEALTHY seconds starts with the short one again.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0
HEALTHY = 30.0
# Seconds that a process which no longer answers has for ending by itself.
STUCK_STOP_WITHIN = 3.0
# How often a service may end before it was ready even once, until the whole start is given up.
FIRST_TRIES = 4


class StartFailed(LocalError):
    """A service cannot be brought up at all, so that starting it again would go on for ever."""


class Child:
    """The process of one service under the supervisor."""

    def __init__(
        self,
        service: Service,
        folder: Path,
        environment: Callable[[], Mapping[str, str]],
        console: Console,
        limits: Limits | None = None,
    ) -> None:
        """Take the service, the folder of its pid and log, and what gives its environment at each start."""
        self.service = service
        self.ready = asyncio.Event()
        self._pid_file = folder / f"{service.name}.pid"
        self._log_file = LogFile(folder / f"{service.name}.log")
        self._environment = environment
        self._console = console
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = asyncio.Event()
        self._limits = limits or Limits()
        self._liveness = Liveness(self._limits)

    @property
    def pid(self) -> int | None:
        """The number of its process, while there is one."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def end_stale(self) -> bool:
        """End what a former run left behind; tell whether there was something."""
        return process.end_stale(self._pid_file, within=3)

    async def run(self) -> None:
        """Keep the process running until `stop`.

        Raises:
            StartFailed: it ended again and again without having been ready.
        """
        name, pause, failures = self.service.name, FIRST_PAUSE, 0
        while not self._stopped.is_set():
            started = time.monotonic()
            code = await self._live(started)
            if self._stopped.is_set():
                return
            lived = time.monotonic() - started
            failures = 0 if self.ready.is_set() else failures + 1
            if failures >= FIRST_TRIES:
                raise StartFailed(f"{name} ended {failures} times before it was ready; its log is above.")
            pause = FIRST_PAUSE if lived > HEALTHY else pause
            how = f"signal {-code}" if code < 0 else f"exit status {code}"
            self._console.state(name, f"ended with {how} after {lived:.1f} s; again in {pause:g} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def stop(self, within: float) -> None:
        """Stop it for good: SIGTERM, after `within` seconds SIGKILL."""
        self._stopped.set()
        await self.end_process(within)

    async def end_process(self, within: float) -> None:
        """End the present process; unless `stop` was called, `run` starts another."""
        if self._process is not None and not await process.stop(self._process, within):
            self._console.log(self.service.name, f"had to be killed: it was not done within {within:g} s")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    async def _live(self, started: float) -> int:
        """Start the process, pass its log on, note when it is ready, and return its exit status."""
        name = self.service.name
        self._console.state(name, "starting")
        read_end, write_end = os.pipe()
        try:
            with os.fdopen(write_end, "wb") as output:
                self._process = process.spawn(
                    self.service.command, output=output, environment=self._environment()
                )
        except OSError as error:
            os.close(read_end)
            raise StartFailed(f"{name} cannot be run: {error.strerror}.") from error
        process.remember(self._pid_file, self._process.pid)
        logs = asyncio.create_task(self._pass_on(read_end))
        watching = asyncio.create_task(self._watch(started))
        guard = asyncio.create_task(self._guard())
        try:
            while self._process.poll() is None:
                await asyncio.sleep(0.05)
        finally:
            watching.cancel()
            guard.cancel()
            # A grandchild may hold the pipe open; the process's own last lines are there at once.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(logs, 1)
            self._pid_file.unlink(missing_ok=True)
        return int(self._process.returncode)

    async def _watch(self, started: float) -> None:
        while await status_of(self.service.port) != 200:
            await asyncio.sleep(0.1)
        self._console.state(self.service.name, f"ready after {time.monotonic() - started:.1f} s")
        self._liveness.saw(200)
        self.ready.set()

    async def _guard(self) -> None:
        """End the process if it no longer lives; `run` starts another."""
        port = self.service.port
        given = await watch(self._liveness, lambda: status_of(port, ALIVE, within=self._limits.within))
        self._console.state(self.service.name, f"gave no sign of life for {given:g} s: ending it")
        await self.end_process(STUCK_STOP_WITHIN)

    async def _pass_on(self, read_end: int) -> None:
        reader = asyncio.StreamReader()
        pipe = os.fdopen(read_end, "rb", 0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        rest = b""

        def show(line: bytes) -> None:
            self._log_file.write(line)
            self._console.log(self.service.name, line.decode(errors="replace").rstrip())

        try:
            while chunk := await reader.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    show(line)
        finally:
            if rest:
                show(rest)
            transport.close()
            self._log_file.close()
