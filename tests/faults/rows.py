"""All rows of the suite, in the order in which they run."""

from __future__ import annotations

from tests.faults.families import (
    broker,
    clock,
    combined,
    deliveries,
    engines,
    groups,
    kills,
    network,
    poison,
    privacy,
    restore,
)
from tests.faults.scene import Row

ROWS: list[Row] = [
    *kills.ROWS,
    *engines.ROWS,
    *network.ROWS,
    *groups.ROWS,
    *poison.ROWS,
    *privacy.ROWS,
    *deliveries.ROWS,
    *clock.ROWS,
    *combined.ROWS,
    *broker.ROWS,
    *restore.ROWS,
]
