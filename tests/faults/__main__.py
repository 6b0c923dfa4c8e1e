"""`make test-faults`: break one thing after the other under load, and print what came of it.

`ROUNDS=10` does every fault ten times (a removed safety once: it proves the suite), `ROWS=kafka-kill,sigterm`
only some (a row's name, or the beginning of several). What passed with this code is remembered and not run
again, one round in `.ponte/faults/results.json`, several in `tests/results/faults.json`; `AGAIN=1` forgets
it. `JOBS=2` runs two rows at a time, each with engines and services of its own: for machines with four cores
or more, two are busy with one row.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from pathlib import Path

from rich.console import Console

from tests.faults import report
from tests.faults.families.removed import REMOVALS, Removal
from tests.faults.replicas import Replica
from tests.faults.report import FOLDER, Results
from tests.faults.rows import ROWS
from tests.faults.run import Outcome, run
from tests.faults.scene import Row
from tests.faults.world import World, now, world


def chosen() -> list[Row | Removal]:
    """The rows that the environment asks for; all of them if it does not."""
    wanted = [name for name in os.environ.get("ROWS", "").split(",") if name]
    everything: list[Row | Removal] = [*ROWS, *REMOVALS]
    found = [row for row in everything if not wanted or any(row.name.startswith(name) for name in wanted)]
    if not found:
        names = ", ".join(row.name for row in everything)
        sys.exit(f"ROWS={os.environ['ROWS']} names no row; there are: {names}")
    return found


def keep_logs(replicas: list[Replica], outcome: Outcome, round_: int, starts: dict[str, int]) -> None:
    """Put aside what every process said during a row that failed, or that was late."""
    folder = FOLDER / ("late" if outcome.passed else "failed") / f"{outcome.row}-{round_}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for replica in replicas:
        with replica.log_file.open("rb") as log:
            log.seek(starts.get(replica.name, 0))
            (folder / f"{replica.name}.log").write_bytes(log.read())


async def one(around: World, row: Row | Removal, round_: int, console: Console) -> Outcome:
    """Run a row, or a row without a safety, and say how it went."""
    starts = {r.name: r.log_file.stat().st_size for r in around.all() if r.log_file.exists()}
    name = f"{row.name}-{round_}"
    if isinstance(row, Removal):
        outcome = await run(around, row.row, name, row)
    else:
        outcome = await run(around, row, name)
    recovered = "" if outcome.recovered_s is None else f", recovered in {outcome.recovered_s:.1f} s"
    verdict = "[green]passed[/green]" if outcome.passed else "[red]FAILED[/red]"
    console.print(
        f"{verdict} {row.name} ({outcome.seconds:.0f} s, {outcome.commands} commands{recovered})",
        highlight=False,
    )
    for problem in outcome.problems:
        console.print(f"  [red]{problem}[/red]", highlight=False)
    if outcome.late or not outcome.passed:
        keep_logs(around.all(), outcome, round_, starts)
    return outcome


async def main() -> int:
    """Every row, round by round; the exit status tells whether all passed."""
    # What its clients say about engines that we ended ourselves is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(width=None if sys.stdout.isatty() else 200)
    rounds = int(os.environ.get("ROUNDS", "1"))
    results = Results(rounds, again=bool(os.environ.get("AGAIN")))
    rows, began = [], now()
    for row in chosen():
        if isinstance(row, Row) and (lacks := row.missing()):
            console.print(f"[yellow]SKIPPED[/yellow] {row.name}: {lacks}", highlight=False)
        else:
            rows.append(row)
    every = [(n, row) for n in range(1, rounds + 1) for row in rows if n == 1 or isinstance(row, Row)]
    left = [(n, row) for n, row in every if not results.passed(row.name, n)]
    console.print(f"{len(left)} of {len(every)} runs to do for {results.revision}", highlight=False)
    todo, total = iter(enumerate(left, start=1)), len(left)

    async def work(folder: Path) -> None:
        """Rows as long as there are any; every round in a city of its own, so that none is slower."""
        following = next(todo, None)
        while following is not None:
            this_round = following[1][0]
            async with world(folder) as around:
                while following is not None and following[1][0] == this_round:
                    number, (round_, row) = following
                    console.print(f"[{number}/{total}] {row.name}", style="dim", highlight=False)
                    results.add(await one(around, row, round_, console), round_)
                    following = next(todo, None)

    async with asyncio.TaskGroup() as group:
        for number in range(min(int(os.environ.get("JOBS", "1")), total)):
            group.create_task(work(FOLDER / "data" / str(number)))
    order = {row.name: place for place, row in enumerate(rows)}
    ran = [one for one in results.outcomes if one["row"] in order and one["round"] <= rounds]
    ran.sort(key=lambda one: (order[one["row"]], one["round"]))
    report.show(ran, console)
    failed = sum(not one["passed"] for one in ran)
    console.print(f"{len(ran) - failed} passed, {failed} failed, {now() - began:.0f} s", highlight=False)
    if not failed:
        shutil.rmtree(FOLDER / "data", ignore_errors=True)
    return 1 if failed or len(ran) < len(every) else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except KeyboardInterrupt:
        print("stopped; what has passed is remembered, and the same command goes on from there")
        sys.exit(130)
