"""Runs the processes of a system under test, and the generator of the load, in an orderly way."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bench.contenders import Part, SystemUnderTest
from bench.engines import Engines
from shared.local import process
from shared.local.paths import root
from shared.testing.wire import Connection, Lost


@asynccontextmanager
async def running(
    system: SystemUnderTest, engines: Engines, *, clear: bool = True
) -> AsyncIterator[SystemUnderTest]:
    """Start its processes, wait until each is ready; at the end stop them and ``clear`` their data."""
    log = engines.folder / f"{system.name}.log"
    try:
        with log.open("ab") as output:
            for part in system.parts:
                environment = {**os.environ, **system.environment, "PONTE_HTTP_PORT": str(part.port)}
                part.running = process.spawn(
                    part.command, output=output, environment=environment, folder=root()
                )
        for part in system.parts:
            await _ready(part, log)
        yield system
    finally:
        for part in system.parts:
            if part.running is not None:
                await process.stop(part.running, 20)
        if clear:
            await engines.clear(system.prefix)


async def _ready(part: Part, log: Path, within: float = 60) -> None:
    deadline = time.monotonic() + within
    while True:
        assert part.running is not None
        if part.running.poll() is not None or time.monotonic() > deadline:
            said = await asyncio.to_thread(log.read_text, errors="replace")
            raise RuntimeError(f"{part.name} is not ready: {said[-3000:]}")
        connection = Connection(part.url, {})
        with suppress(OSError, Lost):
            if (await connection.send("GET", "/status")).status == 200:
                return
        connection.close()
        await asyncio.sleep(0.1)


async def drive(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the generator's process through a plan; its result. Raises ``RuntimeError`` with what it said."""
    generator = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.load",
        cwd=root(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, errors = await generator.communicate(json.dumps(plan).encode())
    if generator.returncode:
        raise RuntimeError(errors.decode(errors="replace")[-3000:])
    result: dict[str, Any] = json.loads(told)
    return result
