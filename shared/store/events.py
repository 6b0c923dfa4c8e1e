"""The stored event: what lies in the outbox and the journal, and how its chain is computed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from shared.contracts.base import EventData
from shared.store.changed import AUDIT, Changed, audit_part
from shared.store.command import Command
from shared.store.people import put_together, set_apart

Document = dict[str, Any]

GENESIS = "0" * 64
"""The hash before an aggregate's first event."""

_EVENT_IDS = uuid.UUID("5d1c3c7a-6f0b-5c1e-9b0e-0d7a5e0c8f11")
_UNHASHED = ("people", "hash")


def event_key(subject: str, epoch: int, sequence: int) -> str:
    """The journal's ``_id``: publishing or storing an event again always makes the same one."""
    return f"{subject}/{epoch}/{sequence}"


def event_id(subject: str, epoch: int, sequence: int) -> str:
    """The CloudEvents id, derived from the event's place, so that a repeated event is seen as such."""
    return str(uuid.uuid5(_EVENT_IDS, event_key(subject, epoch, sequence)))


def derived_id(prefix: str, *parts: str) -> str:
    """An aggregate's id that the same ``parts`` always make: ``mission-`` and 20 hexadecimal digits."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{prefix}-{digest[:20]}"


def canonical(value: Any) -> bytes:
    """The one JSON text of ``value``: sorted keys, no spaces, UTF-8."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def chain_hash(event: Document) -> str:
    """SHA-256 over everything of the event but personal values; ``previous`` is part of it."""
    return hashlib.sha256(canonical({k: v for k, v in event.items() if k not in _UNHASHED})).hexdigest()


def store_event(
    event: EventData,
    command: Command,
    *,
    subject: str,
    epoch: int,
    sequence: int,
    version: int,
    previous: str,
    previous_epoch: int,
    changed: Sequence[Changed] = (),
) -> Document:
    """The event as it is stored, linked to the one before it; ``version`` is the save that it came with.

    ``changed`` is what the save changed of the aggregate's private state: for the audit, and never published.

    ``previous_epoch`` is the epoch of the event before it (0: it is the aggregate's first), so that a reader
    can tell a new generation's event from a gap.
    """
    body, people = set_apart(type(event), event.model_dump(mode="json"))
    audit, values = audit_part(command, changed)
    stored: Document = {
        "_id": event_key(subject, epoch, sequence),
        "subject": subject,
        "epoch": epoch,
        "sequence": sequence,
        "version": version,
        "type": event.TYPE,
        "time": command.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "actor": command.actor,
        "client": command.client,
        "command": command.name,
        "correlation_id": command.correlation_id,
        "causation_id": command.causation_id,
        "traceparent": command.traceparent,
        "data": body,
        AUDIT: audit,
        "people": people + values,
        "previous": previous,
        "previous_epoch": previous_epoch,
    }
    stored["hash"] = chain_hash(stored)
    return stored


def public_body(stored: Document) -> Any:
    """The event's data as it is published today: erased personal values are null."""
    return put_together(stored["data"], stored["people"])


def differing_fields(then: Document, now: Document) -> list[str]:
    """The names of the fields of the aggregate's public state that two events' bodies tell differently.

    Names only: an old value may be one that its reader may no longer see. The state is the one part that both
    bodies have; what one event tells about itself (a reason) is no difference of the aggregate.
    """
    return sorted(
        name
        for part in then.keys() & now.keys()
        if isinstance(then[part], dict) and isinstance(now[part], dict)
        for name in then[part].keys() | now[part].keys()
        if then[part].get(name) != now[part].get(name)
    )


def verify_chain(events: list[Document], *, previous: str = GENESIS) -> str | None:
    """The ``_id`` of the first event that does not follow from the one before it, or null if all do."""
    for event in events:
        if event["previous"] != previous or chain_hash(event) != event["hash"]:
            return str(event["_id"])
        previous = event["hash"]
    return None
