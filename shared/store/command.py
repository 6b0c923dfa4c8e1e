"""Who asks for what: the context that travels with a command into the journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class SourceMark:
    """The foreign event that a reaction answers: its subject, epoch and sequence."""

    subject: str
    epoch: int
    sequence: int

    @property
    def lane(self) -> str:
        """Under which name the highest answered sequence is kept in the reacting aggregate."""
        return f"{self.subject}/{self.epoch}"


@dataclass(frozen=True, slots=True)
class Command:
    """The context of one command. It carries no domain data: that goes to the domain as arguments.

    ``key`` is the client's idempotency key (null: none given); ``fingerprint`` a digest of the route and
    body, so that the same key with another body is refused. ``at`` is when the service accepted it (UTC).
    ``source`` is set for reactions, which need no key: a highest mark per source does the same for ever.
    ``on_behalf_of`` is the opaque id of the person whom ``actor`` acts for; ``origin`` the network address
    that the request came from, null where no request did. ``erases``: the audit keeps no value that the
    command takes away, only its digest.
    """

    name: str
    client: str
    actor: str
    at: datetime
    correlation_id: str
    key: str | None = None
    fingerprint: str = ""
    causation_id: str | None = None
    traceparent: str | None = None
    source: SourceMark | None = None
    expected_version: int | None = None
    on_behalf_of: str | None = None
    origin: str | None = None
    erases: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """The definite answer to a command: where the aggregate stands after it.

    ``sequence`` counts the aggregate's events, ``version`` its saves. ``replayed`` says that the command
    had been carried out before and this is its first answer again. ``changed`` is false where nothing had
    to change.
    """

    subject: str
    epoch: int
    sequence: int
    version: int
    replayed: bool = False
    changed: bool = True

    def stored(self) -> dict[str, Any]:
        """The part that is kept with the command's key."""
        return {
            "subject": self.subject,
            "epoch": self.epoch,
            "sequence": self.sequence,
            "version": self.version,
        }
