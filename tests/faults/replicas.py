"""Two processes of every service, kept alive as a supervisor would, each on a port of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shared.local import ports, process
from shared.local.paths import root
from shared.local.probe import status_of
from tests.faults.points import ARM, FIRED

PAUSE_S = 0.3
DEAF_AFTER = 5
"""So many liveness probes in a row (every two seconds) have to fail before a process is replaced."""


@dataclass(frozen=True)
class Ending:
    """How a process ended that nobody had asked to end for good."""

    at: float
    pid: int
    code: int
    why: str

    @property
    def told(self) -> str:
        """In words."""
        how = f"by signal {-self.code}" if self.code < 0 else f"with exit status {self.code}"
        return f"{how} ({self.why})" if self.why else how


@dataclass
class Replica:
    """One process of one service."""

    service: str
    number: int
    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=ports.free_port)
    extra: dict[str, str] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.wanted = True
        self._why = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._probe: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return f"{self.service}-{self.number}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log_file(self) -> Path:
        return self.folder / "service.log"

    def start(self) -> None:
        """Keep a process running from now on."""
        self.wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_alive())
            self._probe = asyncio.create_task(self._watch())

    async def stop(self, within: float = 15) -> None:
        """End it for good: SIGTERM, then SIGKILL."""
        self.wanted = False
        if self._probe is not None:
            self._probe.cancel()
        if self._process is not None:
            await process.stop(self._process, within)
        if self._task is not None:
            await self._task

    def end(self, number: signal.Signals, why: str) -> int:
        """Send a signal; it is started again. Returns the number of the process."""
        pid = self.pid
        assert pid is not None, f"{self.name} is not running"
        self._why = why
        os.kill(pid, number)
        return pid

    async def renew(self, **extra: str) -> None:
        """Stop it, and start it with other settings."""
        await self.stop()
        self.extra = extra
        self.start()

    def arm(self, point: str, nth: int = 1) -> None:
        """Have the process kill itself at the n-th time that it comes to `point`."""
        draft = self.folder / "arm.draft"
        draft.write_text(json.dumps({"point": point, "nth": nth}))
        draft.replace(self.folder / ARM)

    def disarm(self) -> None:
        (self.folder / ARM).unlink(missing_ok=True)

    def fired(self) -> list[dict[str, object]]:
        """What the process wrote about the points at which it killed itself."""
        with suppress(FileNotFoundError):
            return [json.loads(line) for line in (self.folder / FIRED).read_text().splitlines()]
        return []

    async def ready(self) -> bool:
        return self.pid is not None and await status_of(self.port) == 200

    async def _keep_alive(self) -> None:
        while self.wanted:
            with self.log_file.open("ab") as output:
                self._process = process.spawn(
                    [sys.executable, "-m", "tests.faults.launcher", f"services.{self.service}"],
                    output=output,
                    environment=self._settings(),
                    folder=root(),
                )
            while self._process.poll() is None:
                await asyncio.sleep(0.02)
            if self.wanted:
                ending = Ending(time.monotonic(), self._process.pid, self._process.returncode, self._why)
                self.endings.append(ending)
                self._why = ""
                await asyncio.sleep(PAUSE_S)

    async def _watch(self) -> None:
        """What an orchestrator does with the liveness probe."""
        deaf, watched = 0, None
        while True:
            await asyncio.sleep(2)
            if self.pid is None or self.pid != watched:
                deaf, watched = 0, self.pid
                continue
            deaf = deaf + 1 if await status_of(self.port, "/status?probe=alive") == 503 else 0
            if deaf >= DEAF_AFTER:
                self.end(signal.SIGKILL, "liveness")

    def _settings(self) -> Mapping[str, str]:
        return {
            **os.environ,
            **self.environment,
            "PONTE_HTTP_PORT": str(self.port),
            "PONTE_FAULTS_FOLDER": str(self.folder),
            **self.extra,
        }
