"""A service put back to its backup while everybody who reads its events knows more than the backup."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from tests.faults.scene import LONG_RATE, Row, Scene
from tests.faults.world import World, now

PONTE = str(Path(sys.executable).with_name("ponte"))
SERVICE = "agenda"
COMMAND_WITHIN_S = 120.0


async def ponte(world: World, *arguments: str) -> str:
    """Run an operator's command against the world; what it printed. Raises where it fails."""
    process = await asyncio.create_subprocess_exec(
        PONTE,
        *arguments,
        env={**os.environ, **world.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), COMMAND_WITHIN_S)
    except TimeoutError:
        process.kill()
        raise
    if process.returncode:
        raise RuntimeError(f"ponte {' '.join(arguments)}: {output.decode(errors='replace')[-500:]}")
    return output.decode(errors="replace")


async def restored(scene: Scene) -> None:
    """Back up, go on, restore: what was answered in between is undone, and nobody may still know it."""
    world = scene.world
    folder = world.folder / "backup"
    shutil.rmtree(folder, ignore_errors=True)
    await scene.accepted(150)
    began = now()
    await ponte(world, "backup", str(folder), "--service", SERVICE)
    await scene.accepted(300)
    scene.restarts_allowed += 2 * len(world.replicas[SERVICE])
    await ponte(world, "restore", str(folder), "--service", SERVICE, "--yes")
    since = now()
    epoch = await world.database(SERVICE)["meta"].find_one({"_id": "epoch"})
    assert epoch is not None
    rows = await (
        world.database(SERVICE)["journal"]
        .find({"subject": {"$in": scene.ledger.subjects(SERVICE)}}, {"_id": 1})
        .to_list()
    )
    undone = scene.ledger.undo(SERVICE, {row["_id"] for row in rows}, after=began, below=epoch["epoch"])
    scene.saw(f"{SERVICE} put back to its backup as epoch {epoch['epoch']}; {undone} commands undone")
    if not undone:
        scene.problems.append("the backup knew everything: nobody was ahead of it")
    await scene.recover(since=since, within=120)


ROWS: list[Row] = [
    Row(
        "restore-behind-readers",
        "a service restored from a backup that its readers are ahead of",
        restored,
        None,
        rate=LONG_RATE,
        heals=True,
        signers=0,
        settle_s=120.0,
    )
]
