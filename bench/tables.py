"""Shows results in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table


def spread_text(value: dict[str, float] | None) -> str:
    """``median (smallest-largest)``."""
    if value is None:
        return "-"
    if value["min"] == value["max"]:
        return f"{value['median']:g}"
    return f"{value['median']:g} ({value['min']:g}-{value['max']:g})"


def show(name: str, result: dict[str, Any], console: Console) -> None:
    """The tables of one result."""
    if "systems" in result:
        _systems(result, console)
    if result.get("rows"):
        table = Table("what", "measured", "", title=f"{name}: {result['what']}")
        for row in result["rows"]:
            table.add_row(row["what"], spread_text(row["value"]), row["unit"])
        console.print(table)
    table = Table("to reach", "system", "measured", "goal", "reached", title=f"{name}: targets")
    for target in result["targets"]:
        table.add_row(
            target["what"],
            target["system"],
            spread_text(target["measured"]),
            target["to_reach"],
            "[green]yes" if target["reached"] else "[red]no",
        )
    console.print(table)


def _systems(result: dict[str, Any], console: Console) -> None:
    table = Table(
        "system", "load", "accepted/s", "to the page/s", "p50 ms", "p99 ms", "behind", "CPU ms", "generator",
        title=f"end_to_end: {result['what']}",
    )  # fmt: skip
    for name, phases in result["systems"].items():
        for phase, found in phases.items():
            delay = found["accepted_to_page_ms"] or {"p50": None, "p99": None}
            table.add_row(
                name,
                phase,
                spread_text(found["accepted_per_s"]),
                spread_text(found["page_per_s"]),
                spread_text(delay["p50"]),
                spread_text(delay["p99"]),
                spread_text(found["backlog"]),
                spread_text(found.get("cpu_ms_per_command")),
                f"{found['cpu']['generator']:.0%}",
            )
        table.add_section()
    console.print(table)
    limits = result["limits"]
    console.print(f"bare Kafka loop: {spread_text(limits['kafka_events_per_s'])} events/s")
    for driver, callers in limits["inserts_per_s"].items():
        for number, value in callers.items():
            console.print(f"bare inserts, {driver}, {number} callers: {spread_text(value)} per s")
