"""The table of the suite, and the file that remembers which rounds have passed with this code."""

from __future__ import annotations

import hashlib
import json
import subprocess
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from shared.local.paths import root
from tests.faults.run import Outcome

FOLDER = root() / ".ponte" / "faults"
RESULTS = FOLDER / "results.json"
RECORD = root() / "tests" / "results" / "faults.json"
"""Of more rounds than one: committed, so that another machine can go on with them."""
RUN = ("services", "shared", "tests/faults", "requirements/run.lock", "requirements/engines.lock")
BESIDE = (":(exclude,glob)**/test_*.py", ":(exclude,glob)**/*.md")
"""What lies in the same folders and is not run: a further unit test does not make ten rounds begin anew."""


def revision() -> str:
    """What the suite runs, as a digest: the code of product and suite, committed or not."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments, "--", *RUN, *BESIDE], cwd=root(), capture_output=True, text=True, check=True
        )
        return done.stdout

    return hashlib.sha256((git("ls-files", "--stage") + git("diff")).encode()).hexdigest()[:12]


class Results:
    """What ran with this code; rows that passed are not run again."""

    def __init__(self, rounds: int, *, again: bool = False) -> None:
        self._file = file = RECORD if rounds > 1 else RESULTS
        self.revision = revision()
        self.outcomes: list[dict[str, Any]] = []
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and not again:
            known = json.loads(file.read_text())
            if known.get("revision") == self.revision:
                self.outcomes = known["outcomes"]

    def passed(self, row: str, round_: int) -> bool:
        return any(one["row"] == row and one["round"] == round_ and one["passed"] for one in self.outcomes)

    def add(self, outcome: Outcome, round_: int) -> None:
        entry = {"round": round_, "at": datetime.now(UTC).isoformat(timespec="seconds"), **outcome.as_json()}
        same = [one for one in self.outcomes if (one["row"], one["round"]) == (outcome.row, round_)]
        self.outcomes = [one for one in self.outcomes if one not in same] + [entry]
        draft = self._file.with_suffix(".draft")
        lines = ",\n".join(json.dumps(one) for one in self.outcomes)
        draft.write_text(f'{{"revision": "{self.revision}", "outcomes": [\n{lines}\n]}}\n')
        draft.replace(self._file)


def show(outcomes: list[dict[str, Any]], console: Console) -> None:
    """Print the table: one line for each row, with the sums of its rounds and the slowest recovery."""
    table = Table(title="What was broken, and what came of it", show_lines=False)
    for heading in ("fault", "evidence"):
        table.add_column(heading, overflow="fold")
    for heading in (
        "commands",
        "lost",
        "twice",
        "out of\norder",
        "healed",
        "repeated",
        "recovered",
        "passed",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    for row, group in groupby(outcomes, key=itemgetter("row")):
        rounds = list(group)
        passed = sum(one["passed"] for one in rounds)
        table.add_row(
            f"{row}\n[dim]{rounds[-1]['fault']}[/dim]",
            "\n".join(rounds[-1]["evidence"]) or "[red]none[/red]",
            *(
                str(sum(one[name] for one in rounds))
                for name in ("commands", "lost", "twice", "disorder", "healed", "repeated")
            ),
            _recovered(rounds),
            f"[{'green' if passed == len(rounds) else 'red'}]{passed} of {len(rounds)}[/]",
        )
    console.print(table)
    for one in outcomes:
        for problem in one["problems"]:
            console.print(f"[red]{one['row']} (round {one['round']})[/red]: {problem}", highlight=False)


def _recovered(rounds: list[dict[str, Any]]) -> str:
    """The median of the rounds, and the slowest if there are several."""
    times = [one["recovered_s"] for one in rounds if one["recovered_s"] is not None]
    if not times:
        return "-"
    middle, target = median(times), rounds[-1]["target_s"]
    slowest = f"\nat most {max(times):.1f} s" if len(times) > 1 else ""
    over = target is not None and middle > target
    return f"{middle:.1f} s" + (f" [yellow](> {target:g})[/yellow]" if over else "") + slowest
