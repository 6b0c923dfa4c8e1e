"""A rebuild of the dashboard's views from the owners' journals, against the bare loop of `bench.reader`.

All services run, as in a city; the time goes from the request to the switch to the new generation. The bare
loop reads the same events from the topic and stores the same documents. How long each stage of the rebuild
took is told beside it.
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
from shared.store.setup import META

TO_REACH = 0.7
WITHIN_S = 300.0
STAGES = ("reading", "checking", "numbering")
"""As the generation document names them; the switch is the last one's end."""
LIVE = "live"


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Rounds with both drivers, the bare loop beside each."""
    size = history.Size(missions=600, events=6_000 if options.short else 20_000)
    rounds = min(options.rounds, 2)
    rates: dict[str, list[float]] = {}
    stages: dict[str, list[float]] = {}
    drivers: tuple[Driver, ...] = ("pymongo", "motor")
    async with engines_in(folder) as engines:
        for number in range(rounds):
            for driver in drivers:
                took, bare = await _round(engines, driver, size)
                ours = size.events / sum(took.values())
                rates.setdefault(driver, []).append(ours)
                rates.setdefault(f"bare {driver}", []).append(bare)
                for stage, seconds in took.items():
                    stages.setdefault(f"rebuild: {stage}, {driver}", []).append(seconds)
                print(f"round {number + 1}, {driver}: {ours:.0f}/s, bare {bare:.0f}/s; {took}", flush=True)
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
        ]
        + [row(name, seconds, "s", 2) for name, seconds in stages.items()],
        "targets": [
            judged(
                "rebuild / bare getmany + bulk_write",
                f"dashboard-{driver}",
                [mine / bare for mine, bare in zip(rates[driver], rates[f"bare {driver}"], strict=True)],
                TO_REACH,
            )
            for driver in drivers
        ],
        "runs": {**rates, **stages},
    }


async def _round(engines: Engines, driver: Driver, size: history.Size) -> tuple[dict[str, float], float]:
    system = contenders.with_all_services(contenders.ponte(engines, driver))
    await history.write(engines, system, size)
    bare = await bare_loop(engines, system, driver, size.events)
    async with rig.running(system, engines):
        await history.watch_feed(engines, system.prefix, size.events)
        return await _rebuilt(engines, system.prefix), bare


async def _rebuilt(engines: Engines, prefix: str) -> dict[str, float]:
    """Seconds of each stage, from the request to the switch. Raises ``TimeoutError``."""
    client = connect(engines.mongod.uri, "pymongo")
    database = client[f"{prefix}dashboard"]
    took = dict.fromkeys(STAGES, 0.0)
    try:
        number = await generations.request(database, "bench")
        stage, since = STAGES[0], time.monotonic()
        async with asyncio.timeout(WITHIN_S):
            while stage != LIVE:
                await asyncio.sleep(0.02)
                document = await database[META].find_one({"_id": generations.DOCUMENT})
                assert document is not None
                now = time.monotonic()
                took[stage] += now - since
                stage = LIVE if document["live"] == number else document["building"]["stage"]
                since = now
        return took
    finally:
        await close(client)
