"""Memory of each service: at rest, under load, and while the dashboard takes in event after event.

All five services run, as in a city. "Flat" compares the dashboard's memory when a fifth of the events was in
with its memory when all were: what grows with the number of events shows there.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bench import contenders, history, rig
from bench.engines import Engines, engines_in
from bench.figures import judged, row
from bench.options import Options
from bench.processes import resident_mib
from shared.local.topology import PORTS

AT_MOST_MIB = 120.0
GROWTH_MIB = 5.0
RATE = 200.0


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """One run: memory does not scatter as times do."""
    events = 10_000 if options.short else 1_000_000 if options.long else 100_000
    async with engines_in(folder) as engines:
        rest, load = await _under_load(engines, 5.0 if options.short else 20.0)
        course = await _while_reading(engines, history.Size(missions=600, events=events))
    early = next(mib for seen, mib in course if seen >= events / 5)
    growth = course[-1][1] - early
    return {
        "what": "resident memory",
        "rounds": 1,
        "events": events,
        "rows": [
            *(row(f"{name}, at rest", [mib], "MiB", 1) for name, mib in rest.items()),
            *(row(f"{name}, under load", [mib], "MiB", 1) for name, mib in load.items()),
            row(f"dashboard after {events:,} events", [course[-1][1]], "MiB", 1),
        ],
        "targets": [
            *(
                judged("MiB at rest", name, [mib], AT_MOST_MIB, least=False)
                for name, mib in rest.items()
                if name in PORTS
            ),
            judged(
                f"MiB that {events * 4 // 5:,} more events add",
                "dashboard",
                [growth],
                GROWTH_MIB,
                least=False,
            ),
        ],
        "course": course,
    }


async def _under_load(engines: Engines, seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """Resident memory of every process at rest, and the most while commands come."""
    system = contenders.with_all_services(contenders.ponte(engines, "motor"))
    async with rig.running(system, engines):
        await asyncio.sleep(3)
        pids = {**system.pids(), **engines.pids()}
        rest = _now(pids)
        most = dict(rest)
        phase = {"name": "load", "rate": RATE, "seconds": seconds}
        driving = asyncio.create_task(rig.drive(await system.plan([phase], engines)))
        while not driving.done():
            await asyncio.wait([driving], timeout=0.5)
            most = {name: max(most[name], mib) for name, mib in _now(pids).items()}
        driving.result()
    return rest, most


def _now(pids: dict[str, list[int]]) -> dict[str, float]:
    return {name: resident_mib(pid) for name, (pid,) in pids.items()}


async def _while_reading(engines: Engines, size: history.Size) -> list[tuple[int, float]]:
    """How many events were in, and the dashboard's memory at that moment."""
    system = contenders.ponte(engines, "motor")
    del system.parts[0]
    await history.write(engines, system, size)
    course: list[tuple[int, float]] = []
    async with rig.running(system, engines):
        (dashboard,) = system.parts
        watching = asyncio.create_task(
            history.watch_feed(
                engines,
                system.prefix,
                size.events,
                on_progress=lambda seen: course.append((seen, resident_mib(dashboard.pid))),
            )
        )
        await watching
        await asyncio.sleep(3)
        course.append((size.events, resident_mib(dashboard.pid)))
    step = max(1, len(course) // 50)
    return [*course[:-1:step], course[-1]]
