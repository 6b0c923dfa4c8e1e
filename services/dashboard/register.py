"""What the page reads: the latest state of every unit and the feed of what happened. A port.

``projections.py`` fills it from Kafka on MongoDB; the page neither knows nor cares.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.contracts.agenda import Mission
from shared.contracts.agreements import Agreement
from shared.contracts.base import Unit
from shared.contracts.dossiers import Candidacy
from shared.contracts.networks import Membership


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One event as the feed keeps it.

    ``epoch`` and ``number`` are the feed's own (dense, in order of arrival); ``subject``, ``aggregate_epoch``
    and ``sequence`` those of the event. ``time`` is when it happened, ``recorded_at`` when the feed took it
    in, both UTC; ``data`` is the event's body.
    """

    epoch: str
    number: int
    subject: str
    aggregate_epoch: int
    sequence: int
    type: str
    time: datetime
    recorded_at: datetime
    unit: Unit
    data: dict[str, Any]


class Register(Protocol):
    """The read side. Lists hold the latest state of every subject, in no particular order."""

    async def missions(self) -> list[Mission]:
        """Every mission."""
        ...

    async def agreements(self) -> list[Agreement]:
        """Every agreement."""
        ...

    async def memberships(self) -> list[Membership]:
        """Every membership of a city network."""
        ...

    async def candidacies(self) -> list[Candidacy]:
        """Every candidacy."""
        ...

    async def feed(
        self, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[FeedEntry]:
        """Up to ``limit`` entries.

        With ``after``: those numbered higher, oldest first, to catch up. Otherwise newest first, with
        ``before`` only those numbered lower.
        """
        ...

    async def head(self) -> tuple[str, int]:
        """The feed's epoch and its highest number (0: it is empty)."""
        ...

    async def wait(self, after: int, timeout: float) -> int:
        """The highest number as soon as it is above ``after``, or after ``timeout`` seconds as it is then."""
        ...

    async def last_visit(self, person: str) -> datetime | None:
        """When this person last had the page open (UTC); None: never."""
        ...

    async def visited(self, person: str, at: datetime) -> None:
        """Note that this person has the page open at ``at``."""
        ...
