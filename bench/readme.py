"""Writes the README's figures from the result files, so that none is typed by hand."""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def section(result: dict[str, Any]) -> str:
    """The table of one result file with the machine that it was measured on."""
    machine, first = result["machine"], result["rates"][0]["runs"]
    where = f"{machine['cores']} cores, {machine['cpu']}, {machine['memory_gib']:g} GiB"
    how = f"medians of {len(first)} runs of {first[0]['commands']} commands, smallest and largest in brackets"
    lines = [
        "From a command accepted over HTTP to its entry on the page, all services and engines on one machine",
        f"({where}, Python {machine['python']}, {machine['date']}; {how}):",
        "",
        "| commands/s | p50 ms | p99 ms | seen | memory of everything, MiB |",
        "|---|---|---|---|---|",
    ]
    for rate in result["rates"]:
        spread = rate["accepted_to_page_ms"]
        seen = min(run["seen"] for run in rate["runs"])
        memory = statistics.median(run["memory_mib"]["total"] for run in rate["runs"])
        cells = [
            f"{rate['rate_per_s']:g}",
            *(f"{spread[p]['median']:g} ({spread[p]['min']:g}–{spread[p]['max']:g})" for p in ("p50", "p99")),
            f"{seen} of {rate['runs'][0]['commands']}",
            f"{memory:.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(results: Path) -> None:
    """Put the section between the README's marks."""
    result = json.loads((results / "end_to_end.json").read_text(encoding="utf-8"))
    text = README.read_text(encoding="utf-8")
    between = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    README.write_text(between.sub(lambda _: f"{BEGIN}\n{section(result)}\n{END}", text), encoding="utf-8")
