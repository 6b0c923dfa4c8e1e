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
    # First what goes through everything that is stored: with every row before them it would be more.
    *privacy.ROWS,
    *restore.ROWS,
    *kills.ROWS,
    *engines.ROWS,
    *network.ROWS,
    *groups.ROWS,
    *poison.ROWS,
    *deliveries.ROWS,
    *clock.ROWS,
    *combined.ROWS,
    *broker.ROWS,
]
