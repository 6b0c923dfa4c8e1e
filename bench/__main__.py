"""`make bench`: measure, write ``bench/results/*.json`` and the README's figures, print a table."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import end_to_end, readme
from bench.machine import machine

RESULTS = Path(__file__).parent / "results"
RUNS = 3
RATES = (50.0, 100.0)


def measure(rate: float) -> dict[str, Any]:
    """Several runs at one rate; the medians with the smallest and largest of each."""
    runs = []
    for number in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="ponte-bench-") as folder:
            runs.append(asyncio.run(end_to_end.run(Path(folder) / "data", rate=rate)))
        print(f"run {number + 1} of {RUNS} at {rate:g}/s: {runs[-1]['accepted_to_page_ms']}", flush=True)
    values = [run["accepted_to_page_ms"] for run in runs]
    spread = {
        name: {
            "median": statistics.median(value[name] for value in values),
            "min": min(value[name] for value in values),
            "max": max(value[name] for value in values),
        }
        for name in ("p50", "p99")
    }
    return {"rate_per_s": rate, "runs": runs, "accepted_to_page_ms": spread}


def main() -> None:
    """Run all and write one result file."""
    rates = [measure(rate) for rate in RATES]
    result = {"what": "HTTP accepted to SSE received", "machine": machine(), "rates": rates}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "end_to_end.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    readme.write(RESULTS)
    table = Table("commands/s", "seen", "p50 ms", "p99 ms", "memory MiB", title="accepted to page")
    for rate in rates:
        spread = rate["accepted_to_page_ms"]
        table.add_row(
            f"{rate['rate_per_s']:g}",
            f"{min(run['seen'] for run in rate['runs'])} of {rate['runs'][0]['commands']}",
            f"{spread['p50']['median']} ({spread['p50']['min']}-{spread['p50']['max']})",
            f"{spread['p99']['median']} ({spread['p99']['min']}-{spread['p99']['max']})",
            f"{statistics.median(run['memory_mib']['total'] for run in rate['runs']):.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
