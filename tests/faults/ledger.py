"""What was answered, written down outside all services."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    """One accepted command: the place of its last event, and when it was sent and answered (seconds)."""

    key: str
    service: str
    subject: str
    epoch: int
    sequence: int
    version: int
    sent_at: float
    answered_at: float

    @property
    def event(self) -> str:
        """The stored event's id."""
        return f"{self.subject}/{self.epoch}/{self.sequence}"


@dataclass
class Ledger:
    """Every command with its definite answer."""

    entries: list[Entry] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    retries: int = 0
    services: dict[str, str] = field(default_factory=dict)
    """Which service a subject belongs to."""
    restored: set[str] = field(default_factory=set)
    """Services that were put back: others have reacted to what they no longer know."""
    signings: dict[str, str] = field(default_factory=dict)
    """The mission by agreement, where one travels to sign the other."""

    def note(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.services[entry.subject] = entry.service

    def undo(self, service: str, known: set[str], *, after: float, below: int) -> int:
        """Take out what a restore has undone, as it has to; how many commands.

        Only what was answered `after` the backup began (seconds), in an epoch `below` the present one, and is
        not among the `known` events: whatever else is missing was lost.
        """
        undone = [
            entry
            for entry in self.entries
            if entry.service == service
            and entry.answered_at > after
            and entry.epoch < below
            and entry.event not in known
        ]
        self.restored.add(service)
        self.entries = [entry for entry in self.entries if entry not in undone]
        return len(undone)

    def subjects(self, service: str) -> list[str]:
        return [subject for subject, owner in self.services.items() if owner == service]

    def by_subject(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            found[entry.subject].append(entry)
        return found
