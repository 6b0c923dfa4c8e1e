"""Writes the figures of the README and of `docs/performance.md` from the result files: none is typed by hand.

``python -m bench.readme`` writes the sections again, ``--check`` only tells whether they are up to date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.tables import spread_text

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
ORDER = ("end_to_end", "relay", "reader", "behind", "rebuild", "memory", "growth")
NAMES = {
    "naive": "naive (insert, publish, answer)",
    "textbook": "textbook (outbox, transaction, polling)",
    "ponte-motor": "Ponte, Motor",
    "ponte-pymongo": "Ponte, PyMongo's async client",
}


def summary(results: dict[str, dict[str, Any]]) -> str:
    """What was to be reached, and what was: for the README."""
    lines = [
        f"| {target['what']} | {target['system']} | {spread_text(target['measured'])} "
        f"| {target['to_reach']} | {'reached' if target['reached'] else '**not reached**'} |"
        for result in results.values()
        for target in result["targets"]
    ]
    table = "\n".join(["| what | of | measured | goal | |", "|---|---|---|---|---|", *lines])
    return f"{table}\n\n{_where(results)}"


def details(results: dict[str, dict[str, Any]]) -> str:
    """Everything that was measured."""
    parts = [_end_to_end(results["end_to_end"])] if "end_to_end" in results else []
    for name, result in results.items():
        if name != "end_to_end":
            lines = [
                f"| {row['what']} | {spread_text(row['value'])} | {row['unit']} |" for row in result["rows"]
            ]
            title = f"**{name}**: {result['what']}"
            parts.append("\n".join([title, "", "| measured | median (spread) | |", "|---|---|---|", *lines]))
    return "\n\n".join([*parts, _where(results)])


def _end_to_end(result: dict[str, Any]) -> str:
    lines = [
        "From a command accepted over HTTP to its event at the page's stream, all on the same engines:",
        "",
        "| system | load | accepted/s | to the page/s | p50 ms | p99 ms | behind at the end |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, phases in result["systems"].items():
        for phase, found in phases.items():
            delay = found["accepted_to_page_ms"] or {"p50": None, "p99": None}
            values = (
                found["accepted_per_s"],
                found["page_per_s"],
                delay["p50"],
                delay["p99"],
                found["backlog"],
            )
            lines.append(
                f"| {NAMES[name]} | {phase} | {' | '.join(spread_text(value) for value in values)} |"
            )
    limits = result["limits"]
    inserts = ", ".join(
        f"{driver} {spread_text(callers['32'])}" for driver, callers in limits["inserts_per_s"].items()
    )
    lines += [
        "",
        f"The limits: a bare loop through Kafka, {spread_text(limits['kafka_events_per_s'])} events/s;",
        f"bare inserts by 32 callers, {inserts} per s.",
    ]
    return "\n".join(lines)


def _where(results: dict[str, dict[str, Any]]) -> str:
    """The machine and the days; results of different machines are told apart."""
    told: dict[str, list[str]] = {}
    for name, result in results.items():
        machine = result["machine"]
        packages = ", ".join(f"{package} {version}" for package, version in machine["packages"].items())
        engines = ", ".join(f"{engine} {version}" for engine, version in machine["engines"].items())
        where = (
            f"{machine['cores']} cores, {machine['cpu']}, {machine['memory_gib']:g} GiB, {machine['date']}; "
            f"Python {machine['python']}, {packages}; {engines}; {result['rounds']} rounds"
        )
        told.setdefault(where, []).append(name)
    if len(told) == 1:
        return f"Measured on {next(iter(told))}."
    return "\n".join(f"- {', '.join(names)}: {where}." for where, names in told.items())


def read(results: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """The result files that there are, in the order in which they are shown; none of a former form."""
    files = [results / f"{name}.json" for name in ORDER]
    found = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()}
    return {name: result for name, result in found.items() if "targets" in result}


def rendered(text: str, section: str) -> str:
    """A page's text with the section made anew."""
    between = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    return between.sub(lambda _: f"{BEGIN}\n{section}\n{END}", text)


def pages(results: dict[str, dict[str, Any]]) -> Iterator[tuple[Path, str, str]]:
    """Each page that bears figures: its file, its text now, and its text as it should be."""
    for name, section in (("README.md", summary), ("docs/performance.md", details)):
        file = ROOT / name
        text = file.read_text(encoding="utf-8")
        yield file, text, rendered(text, section(results)) if results else text


def write(results: Path = RESULTS) -> None:
    """Put the sections between the pages' marks."""
    for file, _, text in pages(read(results)):
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        old = [file.name for file, text, wanted in pages(read()) if text != wanted]
        if old:
            sys.exit(f"{', '.join(old)}: not the figures of bench/results; run `python -m bench.readme`.")
    else:
        write()
