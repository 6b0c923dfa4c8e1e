"""A dashboard that is far behind: how long its page takes to open while it catches up, and when it has.

An officer opens the whole page again and again, another one has it open live. The topic was filled while the
dashboard was away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import contenders, history, rig
from bench.engines import Engines, engines_in
from bench.figures import judged, percentiles, row
from bench.options import Options
from shared.store.driver import Driver
from shared.testing.wire import Connection, Lost

EVERY_S = 0.25
AT_REST_S = 10.0
USABLE_MS = 1000.0
"""Beyond a second a reader's flow of thought is interrupted (Nielsen, Usability Engineering, 1993)."""


async def run(folder: Path, options: Options) -> dict[str, Any]:
    """Both drivers, once each: a run is long, and has hundreds of pages in it."""
    size = history.Size(missions=600, events=20_000 if options.short else 100_000)
    rows: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    drivers: tuple[Driver, ...] = ("pymongo", "motor")
    async with engines_in(folder) as engines:
        for driver in drivers:
            behind, after, seconds = await _catch_up(engines, driver, size)
            rows.append(row(f"caught up in, {driver}", [seconds], "s", 1))
            for moment, times in (("while behind", behind), ("afterwards", after)):
                found = percentiles(times)
                assert found is not None, "the page was opened too seldom"
                rows += [
                    row(f"page opens in, {moment}, {driver}, {name}", [ms], "ms")
                    for name, ms in found.items()
                ]
                if moment == "while behind":
                    what = f"p99 in ms of a page that is {size.events:,} events behind"
                    targets.append(
                        judged(what, f"dashboard-{driver}", [found["p99"]], USABLE_MS, least=False)
                    )
    return {
        "what": f"a dashboard {size.events:,} events behind",
        "rounds": 1,
        "events": size.events,
        "rows": rows,
        "targets": targets,
    }


async def _catch_up(
    engines: Engines, driver: Driver, size: history.Size
) -> tuple[list[float], list[float], float]:
    """Seconds that each opening took while it was behind and afterwards, and until it had caught up."""
    system = contenders.ponte(engines, driver)
    del system.parts[0]
    await history.write(engines, system, size)
    async with rig.running(system, engines):
        began = time.monotonic()
        plan = await system.plan([], engines)
        headers, url = plan["stream"]["headers"], plan["stream"]["url"]
        live = asyncio.create_task(_watch_live(url, headers))
        catching_up = asyncio.create_task(history.watch_feed(engines, system.prefix, size.events))
        try:
            behind = await _open_pages(url, headers, until=catching_up.done)
            await catching_up
            seconds = time.monotonic() - began
            end = time.monotonic() + AT_REST_S
            after = await _open_pages(url, headers, until=lambda: time.monotonic() > end)
        finally:
            live.cancel()
    return behind, after, seconds


async def _open_pages(url: str, headers: dict[str, str], until: Callable[[], bool]) -> list[float]:
    times: list[float] = []
    connection = Connection(url, headers)
    while not until():
        began = time.monotonic()
        (await connection.send("GET", "/?lang=en")).check(200)
        times.append(time.monotonic() - began)
        await asyncio.sleep(EVERY_S)
    connection.close()
    return times


async def _watch_live(url: str, headers: dict[str, str]) -> None:
    """A page that is open: it goes on however often the server ends the stream."""
    while True:
        with suppress(Lost, OSError):
            await Connection(url, headers, on_body=lambda _: None).send("GET", "/live?lang=en")
        await asyncio.sleep(EVERY_S)
