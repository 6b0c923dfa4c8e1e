"""A flood of refusals is counted, not written: nobody fills the database by knocking."""

from __future__ import annotations

import asyncio
from collections import Counter as Counted
from collections.abc import Callable
from typing import Final

from prometheus_client import Counter

from shared.store.trail import Entry, Kind

WINDOW_S: Final = 600.0
CALLER: Final = 100
"""Refusals of one caller that are recorded one by one in a window: of a person, else of an address."""
ALL: Final = 400
"""Of all known callers together, and of all unknown ones: neither can hide the other."""

SUPPRESSED: Final = Counter(
    "ponte_audit_suppressed_total",
    "Refusals without an entry of their own: flood (too many of one caller), full (too many waiting), lost",
    ["why"],
)
for _why in ("flood", "full", "lost"):
    SUPPRESSED.labels(_why)  # from 0 on, or Prometheus would not see the first one as an increase


class Flood:
    """Says which refusals get an entry of their own; the others are one entry together, given to ``tell``.

    That entry has the reason ``flood-N`` for N refusals and comes at the end of the window.
    """

    def __init__(self, tell: Callable[[Entry], None]) -> None:
        self._tell = tell
        self._let: Counted[str] = Counted()
        self._suppressed = 0
        self._over: asyncio.TimerHandle | None = None

    def lets(self, entry: Entry) -> bool:
        """Whether ``entry`` is to be recorded."""
        if self._over is None:
            self._over = asyncio.get_running_loop().call_later(WINDOW_S, self.tell)
        known = entry.actor is not None
        caller, every = (f"actor {entry.actor}" if known else f"address {entry.origin}"), f"known {known}"
        if self._let[caller] >= CALLER or self._let[every] >= ALL:
            self._suppressed += 1
            SUPPRESSED.labels("flood").inc()
            return False
        self._let[caller] += 1
        self._let[every] += 1
        return True

    def tell(self) -> None:
        """End the window, and tell of what was suppressed in it."""
        if self._over is not None:
            self._over.cancel()
            self._over = None
        self._let.clear()
        if self._suppressed:
            reason, self._suppressed = f"flood-{self._suppressed}", 0
            self._tell(Entry(Kind.REFUSAL, None, "", "", "", reason, None))
