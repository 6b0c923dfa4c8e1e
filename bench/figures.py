"""Small figures: percentiles of a run, median and spread of several."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """p50, p99 and the largest, in milliseconds; null where there are fewer than two."""
    if len(seconds) < 2:
        return None
    cuts = statistics.quantiles(seconds, n=100)
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
