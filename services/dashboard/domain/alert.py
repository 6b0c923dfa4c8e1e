"""An alert and its gravity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from shared.contracts.base import Unit


class Gravity(StrEnum):
    """How grave an alert is, most grave first."""

    GRAVE = "grave"
    WARN = "warn"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to look at.

    ``rule`` names the rule that concluded it (its texts have the same key), ``about`` the contract values
    that it is concluded from, ``facts`` what the text needs besides. ``due`` orders alerts of one gravity;
    null ones come last. ``sample`` says that it rests on invented data.
    """

    rule: str
    gravity: Gravity
    unit: Unit
    subjects: tuple[str, ...]
    about: tuple[Any, ...]
    due: date | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    sample: bool = False

    @property
    def key(self) -> str:
        """Stable while the same rule speaks of the same subjects."""
        return "-".join((self.rule, *self.subjects[:2]))
