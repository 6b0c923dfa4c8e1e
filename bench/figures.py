"""Small figures: percentiles of a run, median and spread of several."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """p50, p99 and the largest, in milliseconds; null where there are fewer than two."""
    if len(seconds) < 2:
        return None
    # The other method goes beyond the largest where there are few.
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "p50": round(cuts[49] * 1000, 1),
        "p99": round(cuts[98] * 1000, 1),
        "max": round(max(seconds) * 1000, 1),
    }


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Median, smallest and largest."""
    return {
        "median": round(statistics.median(values), digits),
        "min": round(min(values), digits),
        "max": round(max(values), digits),
    }


def row(what: str, values: Sequence[float], unit: str, digits: int = 0) -> dict[str, Any]:
    """One line of a result's table."""
    return {"what": what, "unit": unit, "value": spread(values, digits)}


def judged(
    what: str, system: str, values: Sequence[float], goal: float, *, least: bool = True
) -> dict[str, Any]:
    """What was measured in each round beside what is to be reached; the median decides."""
    middle = statistics.median(values)
    return {
        "what": what,
        "system": system,
        "measured": spread(values, 2),
        "to_reach": f"at {'least' if least else 'most'} {goal:g}",
        "reached": middle >= goal if least else middle <= goal,
    }
