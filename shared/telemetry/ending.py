"""A process that ends by itself: in order, and with an exit status that asks to be started again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

log = logging.getLogger("ponte.ending")

START_AGAIN: Final = 75
"""The exit status of an orderly end that the service wanted itself (EX_TEMPFAIL)."""


class CannotGoOn(Exception):
    """Why a service cannot start, in one sentence for its operators."""


class Ending:
    """How this process ends itself; where nobody has said how (in a test), only the log learns the reason."""

    def __init__(self) -> None:
        self._stop: Callable[[], None] | None = None
        self.status = 0

    def by(self, stop: Callable[[], None]) -> None:
        """``stop`` begins the orderly end."""
        self._stop = stop

    def begin(self, reason: str) -> None:
        """End the process, because of ``reason``; what is under way is drained as on SIGTERM."""
        log.error("this process ends: %s", reason)
        if self._stop is not None:
            self.status = START_AGAIN
            self._stop()


ending: Final = Ending()
