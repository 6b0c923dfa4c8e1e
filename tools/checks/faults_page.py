"""docs/faults.md says the same as the committed rounds of the fault suite; `--write` makes it anew."""

import json
import sys
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "results" / "faults.json"
PAGE = ROOT / "docs" / "faults.md"
REMOVED = "without-"

HEAD = """# What was broken, and what came of it

<!-- Made by `python tools/checks/faults_page.py --write` from tests/results/faults.json; do not edit. -->

Each row is a fault that `make test-faults` does to two processes of every service under a steady load of
commands, on a real Kafka and a real MongoDB behind a proxy ([ADR 6](adr/0006-fault-suite.md)). The load keeps
its own ledger; after each fault it has to equal the journals and every view. *Repeated* deliveries changed
nothing; what came *by reconciliation* the owners had to send once more, which is right only where the fault
destroys what the broker held. *Recovered* is how long the page took to be up to date again, the median of the
runs and the slowest.
"""

REMOVALS = """
## With a safety removed

Here the product does without one of its safeties, and the run passes only if the suite notices: the figures
are what would be wrong without it.

| safety removed, and the fault | runs | noticed | commands | lost | twice | out of order |
|---|--:|--:|--:|--:|--:|--:|
"""

FAULTS = """
| fault | runs | passed | commands | lost | twice | out of order | by reconciliation | repeated | recovered |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""


def total(runs: list[dict[str, Any]], name: str) -> str:
    """The sum over a row's runs, as the page writes it."""
    return f"{sum(run[name] for run in runs):,}"


def recovered(runs: list[dict[str, Any]]) -> str:
    """The median time to recover, in seconds, and the slowest; a target that was missed is named."""
    times = [run["recovered_s"] for run in runs if run["recovered_s"] is not None]
    if not times:
        return "–"
    told = f"{median(times):.1f} s, {max(times):.1f} s"
    target = runs[-1]["target_s"]
    late = sum(target is not None and time > target for time in times)
    return f"{told} ({late} over {target:g} s)" if late else told


def line(cells: list[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |\n"


def page(record: dict[str, Any]) -> str:
    """The whole page, from the record's outcomes in the order in which the rows first ran."""
    outcomes = record["outcomes"]
    order = list(dict.fromkeys(run["row"] for run in outcomes))
    outcomes = sorted(outcomes, key=lambda run: (order.index(run["row"]), run["round"]))
    faults, removals = FAULTS, REMOVALS
    for row, group in groupby(outcomes, key=itemgetter("row")):
        runs = list(group)
        passed = str(sum(run["passed"] for run in runs))
        counts = [total(runs, name) for name in ("commands", "lost", "twice", "disorder")]
        told = [f"`{row}`: {runs[-1]['fault']}", str(len(runs)), passed, *counts]
        if row.startswith(REMOVED):
            removals += line(told)
        else:
            faults += line([*told, total(runs, "healed"), total(runs, "repeated"), recovered(runs)])
    days = sorted(run["at"][:10] for run in outcomes)
    kept = [run for run in outcomes if not run["row"].startswith(REMOVED)]
    summary = (
        f"\nThe code `{record['revision']}` (services, `shared/`, suite and packages), from {days[0]} to"
        f" {days[-1]}: {len(outcomes)} runs, {sum(run['passed'] for run in outcomes)} passed. In those of the"
        f" first table {total(kept, 'commands')} commands were accepted; {total(kept, 'lost')} were lost,"
        f" {total(kept, 'twice')} took effect twice and {total(kept, 'disorder')} were out of order.\n"
    )
    return HEAD + summary + faults + removals


def main() -> int:
    """Write the page, or compare; without a record there is none."""
    if not RECORD.exists():
        return 0
    wanted = page(json.loads(RECORD.read_text()))
    if "--write" in sys.argv:
        PAGE.write_text(wanted)
        return 0
    if not PAGE.exists() or PAGE.read_text() != wanted:
        print(
            "docs/faults.md is not what tests/results/faults.json says: tools/checks/faults_page.py --write"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
