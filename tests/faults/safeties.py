"""Safeties of the product, each removed in turn by patching a process of the suite; never by a switch."""

from __future__ import annotations

from collections.abc import Callable

REMOVALS: dict[str, Callable[[], None]] = {}


def remove(name: str) -> None:
    """Patch the product in this process so that it does without the safety `name`."""
    REMOVALS[name]()
