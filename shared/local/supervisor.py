"""The supervisor of a local run: engines, then one process per service, and a clean end for all."""

import asyncio
import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from shared.local import ports
from shared.local.child import FIRST_PAUSE, LONGEST_PAUSE, Child, StartFailed
from shared.local.console import Console
from shared.local.engine import Engine
from shared.local.errors import AlreadyRunning, LocalError, PortTaken
from shared.local.liveness import Limits
from shared.local.severe import follow
from shared.local.topology import Service

# Seconds that the services have for finishing what they are doing, and that all of them may take to start.
SERVICES_STOP_WITHIN = 12.0
ALL_READY_WITHIN = 120.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Hold a data folder for this process alone; the hold ends with the process, however it ends.

    Raises:
        AlreadyRunning: another run has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"Ponte is already running on {folder}: stop that run first, or give this one a folder "
                "(PONTE_DATA) and ports (PONTE_*_PORT) of its own."
            ) from None
        yield


class Supervisor:
    """Everything of a local run under one roof."""

    def __init__(
        self,
        folder: Path,
        services: Sequence[Service],
        engines: Sequence[Engine],
        console: Console,
        environment: Callable[[], Mapping[str, str]] = dict,
        limits: Limits | None = None,
        own: Callable[[str], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """Take the data folder, what is to run, and what makes the services' further settings.

        `environment` is called once, when the folder is held, so that it may write into it; `own` gives what
        the service of that name alone gets, at each of its starts. `limits` say when a service that gives no
        sign of life is ended.
        """
        self._folder = folder
        self._engines = list(engines)
        self._console = console
        self._make_environment = environment
        self._own = own
        self._extra: dict[str, str] = {}
        pids = folder / "services"
        self._children = [
            Child(service, pids, self._environment(service), console, limits) for service in services
        ]
        self._stop_asked = asyncio.Event()

    async def run(self, when_ready: Callable[[], Awaitable[None]] | None = None) -> None:
        """Start everything, call `when_ready` once all answer, and keep all running until a signal comes.

        When it returns or raises, no process of the run is left.

        Raises:
            AlreadyRunning: another run has the data folder.
            PortTaken: another program has the port of a service.
            LocalError: something could not be started.
        """
        with only_run(self._folder):
            (self._folder / "services").mkdir(exist_ok=True)
            self._extra = dict(self._make_environment())
            loop = asyncio.get_running_loop()
            for number in STOP_SIGNALS:
                loop.add_signal_handler(number, self._on_signal)
            work = asyncio.create_task(self._work(when_ready))
            asked = asyncio.create_task(self._stop_asked.wait())
            try:
                await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
                failed = work.done()
            finally:
                self._console.close_board()
                await self._shut_down(work)
                asked.cancel()
                for number in STOP_SIGNALS:
                    loop.remove_signal_handler(number)
            if failed:
                work.result()

    def _on_signal(self) -> None:
        if self._stop_asked.is_set():
            # Asked twice: whoever it is does not want to wait for the time limits.
            for child in self._children:
                child.kill()
            for engine in self._engines:
                engine.kill()
        self._stop_asked.set()

    async def _work(self, when_ready: Callable[[], Awaitable[None]] | None) -> None:
        await asyncio.to_thread(lambda: [child.end_stale() for child in self._children])
        for child in self._children:
            if not ports.is_free(child.service.port):
                raise PortTaken(child.service.port, child.service.name, child.service.port_setting)
        self._console.open_board()
        await _all_or_first_failure([self._start(engine) for engine in self._engines])
        await _all_or_first_failure(
            [
                self._announce(when_ready),
                *(self._keep(engine) for engine in self._engines),
                *(self._follow(engine) for engine in self._engines),
                *(child.run() for child in self._children),
            ]
        )

    async def _start(self, engine: Engine) -> None:
        started = time.monotonic()
        self._console.state(engine.name, "starting")
        await engine.start()
        self._console.state(engine.name, f"ready after {time.monotonic() - started:.1f} s")

    async def _announce(self, when_ready: Callable[[], Awaitable[None]] | None) -> None:
        try:
            async with asyncio.timeout(ALL_READY_WITHIN):
                for child in self._children:
                    await child.ready.wait()
        except TimeoutError:
            late = [child.service.name for child in self._children if not child.ready.is_set()]
            raise StartFailed(f"{', '.join(late)} not ready within {ALL_READY_WITHIN:g} s.") from None
        self._console.close_board()
        if when_ready is not None:
            await when_ready()

    async def _keep(self, engine: Engine) -> None:
        """Start an engine again whenever it has ended by itself."""
        pause = FIRST_PAUSE
        while True:
            while engine.running:
                await asyncio.sleep(0.2)
            self._console.state(engine.name, f"ended with {engine.ending}; again in {pause:g} s")
            await asyncio.sleep(pause)
            before = engine.environment()
            try:
                await self._start(engine)
            except LocalError as error:
                self._console.state(engine.name, str(error))
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause = FIRST_PAUSE
            if engine.environment() != before:
                # Its port was taken in the meantime: the services learn the new one by starting again.
                await asyncio.gather(*(child.end_process(SERVICES_STOP_WITHIN) for child in self._children))

    async def _follow(self, engine: Engine) -> None:
        await follow(engine.log_file, lambda line: self._console.log(engine.name, line))

    async def _shut_down(self, work: asyncio.Task[None]) -> None:
        """Stop services, then engines. The keepers go in between, so that none starts anything again."""
        if self._stop_asked.is_set():
            self._console.say("stopping")
        await asyncio.gather(*(child.stop(SERVICES_STOP_WITHIN) for child in self._children))
        # The last lines of their logs are still on the way.
        await asyncio.wait({work}, timeout=0.2)
        work.cancel()
        await asyncio.wait({work})
        await asyncio.gather(*(engine.stop() for engine in self._engines))
        if self._stop_asked.is_set():
            self._console.say("stopped")

    def _environment(self, service: Service) -> Callable[[], Mapping[str, str]]:
        def now() -> dict[str, str]:
            environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self._extra}
            for child in self._children:
                environment[f"PONTE_{child.service.name.upper()}_URL"] = child.service.url
            for engine in self._engines:
                environment.update(engine.environment())
            environment.update(self._own(service.name))
            environment["PONTE_HTTP_PORT"] = str(service.port)
            return environment

        return now


async def _all_or_first_failure(work: Sequence[Awaitable[None]]) -> None:
    """Run all at once; the first failure ends the others and is raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
