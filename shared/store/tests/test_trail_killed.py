"""The trail when something dies in the middle: what was answered is in it, and the chain has no gap."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from shared.local.mongod import Mongod
from shared.store import Database, close, connect
from shared.store.errors import Unavailable
from shared.store.tests.test_trail import reading, refusal, stored
from shared.store.trail_writer import Trail
from shared.testing.waiting import eventually

ENOUGH: Final = 200

READER: Final = """
import asyncio, sys
from shared.store import connect
from shared.store.tests.test_trail import reading
from shared.store.trail_writer import Trail

async def main(uri, name):
    trail, numbers = Trail(), iter(range(10**9))
    await trail.open(connect(uri)[name])
    async def read():
        for number in numbers:
            await trail.record([reading(f"mission-{number}")])
            print(number, flush=True)
    await asyncio.gather(*(read() for _ in range(20)))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_process_has_shown_nothing_that_is_not_recorded(
    mongodb_uri: str, database_name: Callable[[str], str]
) -> None:
    name = database_name("agenda")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READER, mongodb_uri, name, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    shown = {int(await process.stdout.readline()) for _ in range(ENOUGH)}
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = await process.communicate()
    shown |= {int(line) for line in rest.splitlines()}
    client = connect(mongodb_uri)
    rows = await stored(client[name])
    await close(client)
    assert {f"mission-{number}" for number in shown} <= {row["subject"] for row in rows}


@pytest.mark.slow
async def test_a_killed_mongod_leaves_neither_gap_nor_double(tmp_path: Path) -> None:
    async with Mongod(tmp_path) as mongod:
        client = connect(mongod.uri)
        database: Database = client["agenda"]
        trail = Trail()
        await trail.open(database)
        shown: list[str] = []
        over = False

        async def read(who: int) -> None:
            number = 0
            while not over:
                number += 1
                subject = f"mission-{who}{number:06}"
                try:
                    await trail.record([reading(subject)])
                except Unavailable:
                    continue
                shown.append(subject)

        readers = [asyncio.create_task(read(who)) for who in range(1, 10)]
        for number in range(3):
            before = len(shown)
            trail.note(refusal(number))
            await eventually(lambda start=before: len(shown) > start + ENOUGH, within=60)  # type: ignore[misc]
            mongod.kill()
            await mongod.restart()
        over = True
        await asyncio.wait_for(asyncio.gather(*readers), 60)
        await trail.stop()
        rows = await stored(database)
        await close(client)
    subjects = [row["subject"] for row in rows if row["kind"] == "reading"]
    assert len(set(subjects)) == len(subjects)
    assert set(shown) <= set(subjects)
    assert len(rows) - len(subjects) == 3
