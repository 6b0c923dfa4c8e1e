"""What every measurement is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """``short`` is for trying things out: figures of such a run are never kept."""

    rounds: int = 3
    short: bool = False
    long: bool = False

    @property
    def seconds(self) -> float:
        """Length of a phase of load, of which the first second is not counted."""
        return 3.0 if self.short else 6.0
