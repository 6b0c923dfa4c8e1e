"""From an accepted HTTP command to its event at the page's SSE client: Ponte, naive, textbook, the limits.

All systems run on the same engines, one after the other; the rounds are interleaved, so that what the machine
does meanwhile hits all alike. What counts are the ratios of one round; of the rounds the median is taken.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import contenders, rig
from bench.engines import Engines, engines_in
from bench.figures import judged, spread
from bench.options import Options
from shared.local.paths import root

Round = dict[str, dict[str, Any]]

CLOSED = {"32 clients": {"clients": 32}, "128 clients": {"clients": 128}}
OPEN = {"100/s": {"rate": 100.0}, "300/s": {"rate": 300.0}}
SHARE = {"80 %": {"share": 0.8, "share_of": list(CLOSED)}}
PHASES: dict[str, dict[str, dict[str, Any]]] = {
    "naive": {**OPEN, **CLOSED},
    "textbook": {"100/s": OPEN["100/s"], **CLOSED},
    "ponte-motor": {**OPEN, **CLOSED, **SHARE},
    "ponte-pymongo": {**OPEN, **CLOSED, **SHARE},
}


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """All rounds, and what they come to."""
    rounds, seconds = options.rounds, options.seconds
    done: list[Round] = []
    limits: list[dict[str, Any]] = []
    async with engines_in(folder) as engines:
        # A young broker is slow, whoever comes first.
        await measure(engines, "naive", {"32 clients": CLOSED["32 clients"]}, seconds)
        for number in range(rounds):
            measured: Round = {}
            for name in _turned(list(PHASES), number):
                measured[name] = await measure(engines, name, PHASES[name], seconds)
                print(f"round {number + 1} of {rounds}, {name}: {_short(measured[name])}", flush=True)
            done.append(measured)
            limits.append(await measure_limits(engines))
    return {
        "what": "HTTP command accepted to event at the SSE client",
        "rounds": rounds,
        "seconds_a_phase": seconds,
        "missions": contenders.MISSIONS,
        "targets": targets(done),
        "systems": {name: {phase: _middle(done, name, phase) for phase in PHASES[name]} for name in PHASES},
        "limits": _limits(limits),
        "runs": done,
    }


def _turned(names: list[str], by: int) -> list[str]:
    """Another one first in every round."""
    by %= len(names)
    return names[by:] + names[:by]


async def measure(
    engines: Engines, name: str, phases: dict[str, dict[str, Any]], seconds: float
) -> dict[str, Any]:
    """One system through its phases, on fresh processes and empty databases."""
    system = contenders.by_name(engines, name)
    async with rig.running(system, engines):
        plan = await system.plan([{"name": n, "seconds": seconds, **p} for n, p in phases.items()], engines)
        found: dict[str, Any] = (await rig.drive(plan))["phases"]
        return found


async def measure_limits(engines: Engines) -> dict[str, Any]:
    """The bare loops, in a process of their own."""
    prefix = f"b{secrets.token_hex(4)}_"
    limits = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.baseline.limits"),
        cwd=root(),
        env={
            **os.environ,
            **engines.environment(),
            "PONTE_DATABASE_PREFIX": prefix,
            "BASELINE_TOPIC": f"{prefix.rstrip('_')}.limits",
        },
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await limits.communicate()
    await engines.clear(prefix)
    if limits.returncode:
        raise RuntimeError("the limits could not be measured")
    found: dict[str, Any] = json.loads(told)
    return found


def targets(rounds: list[Round]) -> list[dict[str, Any]]:
    """Each figure that is to be reached, with what was measured: ratios of one round, the median of all."""
    found = []
    for driver, at_32, at_128 in (("pymongo", 4.0, 5.0), ("motor", 3.5, 4.5)):
        name = f"ponte-{driver}"
        for phase, goal in (("32 clients", at_32), ("128 clients", at_128)):
            against_naive = _ratios(rounds, name, "naive", phase, _page)
            found.append(judged(f"{phase}: throughput to the page / naive", name, against_naive, goal))
            if driver == "pymongo":
                ratios = _ratios(rounds, name, "textbook", phase, _page)
                found.append(judged(f"{phase}: throughput to the page / textbook", name, ratios, 8.0))
        for cut, most in (("p50", 2.0), ("p99", 1.5)):
            ratios = _ratios(rounds, name, "naive", "100/s", _delay(cut))
            found.append(judged(f"100/s: {cut} accepted to page / naive", name, ratios, most, least=False))
        for phase in ("300/s", "80 %"):
            backlog = [_behind(each[name][phase]) for each in rounds]
            found.append(judged(f"{phase}: commands behind at the end", name, backlog, 0, least=False))
    return found


def _behind(phase: dict[str, Any]) -> float:
    """Commands that the page lacked at the end, or never had, or that could not even be sent."""
    return float(max(phase["backlog"], phase["never_seen"]) + sum(phase["errors"].values()))


def _page(phase: dict[str, Any]) -> float:
    return float(phase["page_per_s"])


def _delay(cut: str) -> Callable[[dict[str, Any]], float]:
    def of(phase: dict[str, Any]) -> float:
        return float(phase["accepted_to_page_ms"][cut])

    return of


def _ratios(
    rounds: list[Round], name: str, other: str, phase: str, value: Callable[[dict[str, Any]], float]
) -> list[float]:
    return [value(each[name][phase]) / max(value(each[other][phase]), 0.1) for each in rounds]


def _middle(rounds: list[Round], name: str, phase: str) -> dict[str, Any]:
    """Median and spread of what one system did in one phase."""
    runs = [each[name][phase] for each in rounds]
    found: dict[str, Any] = {
        key: spread([run[key] for run in runs])
        for key in ("accepted_per_s", "page_per_s", "backlog", "behind_s", "never_seen", "cpu_ms_per_command")
        if all(run[key] is not None for run in runs)
    }
    for key in ("accepted_to_page_ms", "answer_ms"):
        told = [run[key] for run in runs if run[key] is not None]
        found[key] = {cut: spread([each[cut] for each in told]) for cut in ("p50", "p99")} if told else None
    found["cpu"] = {
        process: round(statistics.median(run["cpu"][process] for run in runs), 2)
        for process in runs[0]["cpu"]
    }
    found["errors"] = sum(sum(run["errors"].values()) for run in runs)
    return found


def _limits(found: list[dict[str, Any]]) -> dict[str, Any]:
    inserts = found[0]["inserts_per_s"]
    return {
        "kafka_events_per_s": spread([each["kafka_events_per_s"] for each in found], 0),
        "inserts_per_s": {
            driver: {
                callers: spread([each["inserts_per_s"][driver][callers] for each in found], 0)
                for callers in inserts[driver]
            }
            for driver in inserts
        },
    }


def _short(phases: dict[str, Any]) -> str:
    return "; ".join(
        f"{name} {phase['page_per_s']:g}/s"
        + (f" p50 {phase['accepted_to_page_ms']['p50']:g} ms" if phase["accepted_to_page_ms"] else "")
        for name, phase in phases.items()
    )
