"""What one event costs as aggregates and events grow tenfold and a hundredfold.

At each size the same is done: the dashboard has taken in the whole past and gets 5,000 further events at
once, first of as many aggregates as the smallest size has and then of all; then commands come at a steady
rate while a page is open. A cost is processor time: it travels better than the time on a clock.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import contenders, history, rig
from bench.engines import Engines, engines_in
from bench.figures import judged, row
from bench.options import Options
from bench.processes import cpu_seconds

SIZES = {"1": (100, 1_000), "10": (1_000, 10_000), "100": (10_000, 100_000)}
SHORT = {"1": (20, 200), "10": (200, 2_000), "100": (2_000, 20_000)}
RATE = 100.0
SUBJECTS = 600
MORE = 5_000
AT_MOST = 1.15
PARTS = ("agenda", "dashboard", "mongod", "kafka")


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Rounds over all sizes, with PyMongo's async client."""
    sizes = SHORT if options.short else SIZES
    rounds = max(1, options.rounds // 3)
    runs: list[dict[str, dict[str, Any]]] = []
    async with engines_in(folder) as engines:
        for number in range(rounds):
            found = {}
            for name, (missions, events) in sizes.items():
                found[name] = await _at(engines, history.Size(missions, events), sizes["1"][0], options)
                print(f"round {number + 1}, x{name}: {found[name]}", flush=True)
            runs.append(found)
    return {
        "what": "cost of one event, by size",
        "rounds": rounds,
        "sizes": sizes,
        "rows": [
            row(
                f"{what}, {missions:,} aggregates, {events:,} events",
                [run[name][key] for run in runs],
                unit,
                2,
            )
            for what, key, unit in (
                ("reading an event of few aggregates, with mongod", "reading_few_ms", "ms of CPU"),
                ("reading an event of all aggregates, with mongod", "reading_all_ms", "ms of CPU"),
                ("a command, all processes", "command_ms", "ms of CPU"),
                *((f"a command, {part}", part, "ms of CPU") for part in PARTS),
                ("accepted to page at 100/s", "p50_ms", "ms p50"),
            )
            for name, (missions, events) in sizes.items()
        ],
        "targets": [
            judged(
                f"{what}: x100 / x1",
                "ponte-pymongo",
                [run["100"][key] / run["1"][key] for run in runs],
                AT_MOST,
                least=False,
            )
            for what, key in (
                ("CPU of an event that is read, of few aggregates", "reading_few_ms"),
                ("CPU of an event that is read, of all aggregates", "reading_all_ms"),
                ("CPU of a command", "command_ms"),
                *((f"CPU of a command, {part}", part) for part in PARTS),
            )
        ],
        "runs": runs,
    }


async def _at(engines: Engines, size: history.Size, few: int, options: Options) -> dict[str, Any]:
    # Ten thousand missions in a row reach back decades: nobody's people are to be erased meanwhile.
    system = contenders.ponte(engines, "pymongo", PONTE_RETENTION_MONTHS_MISSIONS="0")
    system.create = None
    dashboard = replace(system, parts=system.parts[1:])
    agenda = replace(system, parts=system.parts[:1])
    past = history.Past(engines, system)
    await past.begin(size)
    async with rig.running(dashboard, engines):
        await history.watch_feed(engines, system.prefix, size.events)
        # The first ones pay for what taking in the past has left to do.
        await _reading(engines, dashboard, past, few, size.events)
        reading_few = await _reading(engines, dashboard, past, few, size.events + MORE)
        reading_all = await _reading(engines, dashboard, past, size.missions, size.events + 2 * MORE)
        await past.complete()
        async with rig.running(agenda, engines, clear=False):
            step = max(1, size.missions // SUBJECTS)
            subjects = [history.subject_of(number) for number in range(0, size.missions, step)]
            phases = [{"name": "steady", "rate": RATE, "seconds": options.seconds + 4}]
            plan = {**await system.plan(phases, engines), "subjects": subjects}
            found = (await rig.drive(plan))["phases"]["steady"]
    if found["accepted_to_page_ms"] is None:
        raise RuntimeError(f"nothing reached the page with {size}: {found}")
    costs = {part: round(1000 * found["cpu"][part] / found["accepted_per_s"], 3) for part in PARTS}
    return {
        "reading_few_ms": reading_few,
        "reading_all_ms": reading_all,
        "command_ms": round(sum(costs.values()), 3),
        "p50_ms": found["accepted_to_page_ms"]["p50"],
        "errors": found["errors"],
        **costs,
    }


async def _reading(
    engines: Engines, dashboard: contenders.SystemUnderTest, past: history.Past, among: int, before: int
) -> float:
    """CPU milliseconds of dashboard and `mongod` for one of ``MORE`` further events of so many aggregates."""
    pids = [pid for numbers in dashboard.pids().values() for pid in numbers]
    spent = cpu_seconds([*pids, engines.mongod.pid])
    await asyncio.gather(past.more(MORE, among), history.watch_feed(engines, dashboard.prefix, before + MORE))
    return round(1000 * (cpu_seconds([*pids, engines.mongod.pid]) - spent) / MORE, 3)
