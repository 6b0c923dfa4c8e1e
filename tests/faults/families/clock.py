"""A clock that jumps, on one process of each owner; the machine's own is never touched."""

from __future__ import annotations

import asyncio
import functools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from shared.testing.waiting import eventually
from tests.faults import faketime
from tests.faults.scene import LONG_RATE, Row, Scene
from tests.faults.world import OWNERS, now

JUMPS_S = (7200, -3600)
NEAR_S = 120
CITY = ZoneInfo("Europe/Rome")


def within_the_day() -> list[int]:
    """The jumps that stay in the city's day, and the way back.

    Two replicas that disagree about the day rightly refuse each other's dates; that is no fault of the flow.
    """
    at = datetime.now(CITY)
    kept = [jump for jump in JUMPS_S if (at + timedelta(seconds=jump + NEAR_S)).date() == at.date()]
    return [*kept, 0]


async def jumps(scene: Scene) -> None:
    """Two hours ahead, an hour back, and right again, under load."""
    world = scene.world
    clocks: dict[str, Path] = {}
    for service in (*OWNERS, "dashboard"):
        replica = world.replicas[service][0]
        clocks[service] = replica.folder / "clock"
        clocks[service].write_text("+0")
        await replica.renew(**faketime.settings(clocks[service]))
    await world.ready()
    for jump in within_the_day():
        since = now()
        for clock in clocks.values():
            clock.write_text(f"{jump:+d}")
        await asyncio.gather(scene.accepted(200), scene.recover(since=since))
        if jump:
            await eventually(functools.partial(_seen, scene, jump), within=20)
            scene.saw(f"events of a process whose clock is {jump:+d} s off")


async def _seen(scene: Scene, jump: int) -> bool:
    """Whether the agenda's journal holds an event of the row from about that time."""
    rows = await (
        scene.world.database("agenda")["journal"]
        .find({"subject": {"$in": scene.ledger.subjects("agenda")}}, {"time": 1})
        .to_list()
    )
    told = [(datetime.fromisoformat(row["time"]) - datetime.now(UTC)).total_seconds() for row in rows]
    return any(abs(one - jump) < NEAR_S for one in told)


ROWS: list[Row] = [
    Row(
        "clock-jumps",
        "the clock of one process of each service jumps by +2 h and -1 h",
        jumps,
        None,
        rate=LONG_RATE,
        missing=lambda: None if faketime.library() else faketime.MISSING,
    )
]
