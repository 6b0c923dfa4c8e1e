"""A rebuild of the dashboard's views from the owners' journals, against the bare loop of `bench.reader`.

All services run, as in a city; the time goes from the request to the switch to the new generation. The bare
loop reads the same events from the topic and stores the same documents.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from bench import contenders, history, rig
from bench.engines import Engines, engines_in
from bench.figures import judged, row
from bench.options import Options
from bench.reader import bare_loop
from shared.messaging import generations
from shared.store import close, connect
from shared.store.driver import Driver

TO_REACH = 0.7
WITHIN_S = 300.0


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Rounds with both drivers, the bare loop beside each."""
    size = history.Size(missions=600, events=6_000 if options.short else 20_000)
    rounds = min(options.rounds, 2)
    rates: dict[str, list[float]] = {}
    drivers: tuple[Driver, ...] = ("pymongo", "motor")
    async with engines_in(folder) as engines:
        for number in range(rounds):
            for driver in drivers:
                ours, bare = await _round(engines, driver, size)
                rates.setdefault(driver, []).append(ours)
                rates.setdefault(f"bare {driver}", []).append(bare)
                print(f"round {number + 1}, {driver}: {ours:.0f}/s, bare {bare:.0f}/s", flush=True)
    return {
        "what": "events/s of a rebuild",
        "rounds": rounds,
        "events": size.events,
        "rows": [
            row(
                f"rebuild: {'bare loop' if 'bare' in name else 'dashboard'}, {name.split()[-1]}",
                values,
                "events/s",
            )
            for name, values in rates.items()
        ],
        "targets": [
            judged(
                "rebuild / bare getmany + bulk_write",
                f"dashboard-{driver}",
                [mine / bare for mine, bare in zip(rates[driver], rates[f"bare {driver}"], strict=True)],
                TO_REACH,
            )
            for driver in drivers
        ],
        "runs": rates,
    }


async def _round(engines: Engines, driver: Driver, size: history.Size) -> tuple[float, float]:
    system = contenders.with_all_services(contenders.ponte(engines, driver))
    await history.write(engines, system, size)
    bare = await bare_loop(engines, system, driver, size.events)
    async with rig.running(system, engines):
        await history.watch_feed(engines, system.prefix, size.events)
        took = await _rebuilt(engines, system.prefix)
    return size.events / took, bare


async def _rebuilt(engines: Engines, prefix: str) -> float:
    """Seconds from the request to the switch. Raises ``TimeoutError``."""
    client = connect(engines.mongod.uri, "pymongo")
    database = client[f"{prefix}dashboard"]
    try:
        began = time.monotonic()
        number = await generations.request(database, "bench")
        async with asyncio.timeout(WITHIN_S):
            while (await generations.live_generation(database)).number != number:
                await asyncio.sleep(0.05)
        return time.monotonic() - began
    finally:
        await close(client)
