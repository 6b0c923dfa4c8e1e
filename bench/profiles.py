"""Where the time of each process goes: samples taken by py-spy while the load runs.

A line's share is of the wall clock: 0.50 means that the process was at it half the time on one core.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from bench import contenders, rig
from bench.engines import Engines, engines_in
from bench.machine import load, machine

RATE_HZ = 200
LINES = 40
OURS = "(services/"
WAITING = (
    "_worker (concurrent/futures",
    "PeriodicExecutor._run (",
    "NetworkingInterface.recv_into (",
    "Runner.run (asyncio",
    "Condition.wait (",
)
"""Where a thread sleeps. In a container the kernel does not always tell a sampler which thread is idle."""


def program() -> str:
    """py-spy of this environment or on PATH. Raises ``SystemExit`` with a sentence where there is none."""
    beside = Path(sys.executable).with_name("py-spy")
    found = str(beside) if beside.exists() else shutil.which("py-spy")
    if found is None:
        raise SystemExit("A profile needs py-spy: `.venv/bin/python -m pip install py-spy`.")
    return found


async def record(pid: int, seconds: float) -> list[tuple[list[str], int]]:
    """Collapsed stacks, outermost first, with the number of samples of each."""
    with tempfile.NamedTemporaryFile("r", suffix=".txt", encoding="utf-8", errors="replace") as file:
        await _sample(pid, seconds, file.name)
        lines = file.read().splitlines()
    stacks = []
    for line in lines:
        frames, _, count = line.rpartition(" ")
        if frames and count.isdigit() and not frames.startswith("py-spy>") and not _waits(frames):
            stacks.append((frames.split(";"), int(count)))
    return stacks


def _waits(frames: str) -> bool:
    return frames.rpartition(";")[2].startswith(WAITING)


async def _sample(pid: int, seconds: float, file: str) -> None:
    spy = await asyncio.create_subprocess_exec(
        program(),
        *("record", "-p", str(pid), "-d", f"{seconds:g}", "-r", str(RATE_HZ)),
        *("-f", "raw", "-F", "-o", file, "--nonblocking"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await spy.communicate()
    if spy.returncode:
        raise RuntimeError(f"py-spy: {errors.decode(errors='replace')[-500:]}")


def text(name: str, stacks: list[tuple[list[str], int]], seconds: float) -> str:
    """The functions of a process by their own share of the wall clock, and by theirs and their callees'."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for frames, count in stacks:
        own[frames[-1]] += count
        for frame in set(frames):
            whole[frame] += count
    samples = seconds * RATE_HZ
    lines = [f"== {name}: busy {sum(own.values()) / samples:.2f} of a core", "   own   share"]
    lines += [f"  {count / samples:6.3f}  {frame}" for frame, count in own.most_common(LINES)]
    lines += ["   with callees"]
    lines += [f"  {count / samples:6.3f}  {frame}" for frame, count in whole.most_common(2 * LINES)]
    lines += ["   Ponte's own, with callees"]
    ours = [(frame, count) for frame, count in whole.most_common() if OURS in frame or "(shared/" in frame]
    lines += [f"  {count / samples:6.3f}  {frame}" for frame, count in ours[:LINES]]
    return "\n".join(lines)


PHASES: dict[str, dict[str, Any]] = {"100 commands/s": {"rate": 100.0}, "32 clients": {"clients": 32}}
SECONDS = 8.0


async def run(folder: Path) -> str:
    """The profiles with both drivers."""
    async with engines_in(folder) as engines:
        texts = [
            await profile(contenders.by_name(engines, name), engines, PHASES, SECONDS)
            for name in ("ponte-pymongo", "ponte-motor")
        ]
    return "\n".join([json.dumps(machine(load())), __doc__, *texts])


async def profile(
    system: contenders.SystemUnderTest, engines: Engines, phases: dict[str, dict[str, Any]], seconds: float
) -> str:
    """The profile of each Python process of ``system`` under each of ``phases``, as text."""
    parts = []
    async with rig.running(system, engines):
        made = await rig.drive(await system.plan([], engines))
        system.create = None
        for name, phase in phases.items():
            plan = await system.plan([{"name": name, "seconds": seconds + 3, **phase}], engines)
            load = asyncio.create_task(rig.drive({**plan, "subjects": made["subjects"]}))
            await asyncio.sleep(2.5)
            stacks = await asyncio.gather(*(record(part.pid, seconds) for part in system.parts))
            result = (await load)["phases"][name]
            parts.append(f"#### {system.name}, {name}: {result}\n")
            parts += [text(p.name, s, seconds) for p, s in zip(system.parts, stacks, strict=True)]
    return "\n".join(parts) + "\n"
