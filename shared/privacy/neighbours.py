"""What an export tells beside a person's own value, so that it can be understood: when, where, in which role.

Only fields that are listed here: a new one is not shown before somebody has thought about it. Free texts are
not among them, nor ids of people: either may be another person's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

TOLD: Final = frozenset(
    {
        # of a person's place in a record
        "function", "office", "office_it", "body", "body_it", "since", "until", "several", "mandate_id",
        # of the record
        "mission_id", "agreement_id", "membership_id", "candidacy_id", "network", "network_it", "status",
        "purpose", "kind", "role", "reserved", "sample", "starts_at", "ends_at", "starts_on", "ends_on",
        "as_of",
        # of what happened
        "type", "time", "at", "subject", "epoch", "sequence", "version", "command", "action", "route",
        "method", "recorded_at", "updated_at", "created_at", "number", "unit",
        # of a message
        "topic", "partition", "offset", "stored_at", "resolved_at", "code",
        # of a session
        "roles", "seen", "end", "renew_at",
    }
)  # fmt: skip
"""Names of fields."""

WITHIN: Final = {
    "legs": frozenset({"starts_at", "ends_at", "place"}),
    "place": frozenset({"city", "country"}),
}
"""Fields that hold others, and which of these are told."""


def beside(around: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the documents around a place tell of it, from the whole one to the nearest; the nearest wins."""
    told: dict[str, Any] = {}
    for document in around:
        # Within a session the subject is the person; elsewhere it is the record's id.
        told.update({key: _simple(value) for key, value in document.items() if _is_told(key, value)})
        told.update({key: _inside(key, value) for key, value in document.items() if key in WITHIN and value})
    return told


def _is_told(key: str, value: object) -> bool:
    if key == "roles":
        return True
    return key in TOLD and isinstance(value, str | int | float | bool | datetime | date) and value != ""


def _inside(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_inside(key, child) for child in value]
    if not isinstance(value, Mapping):
        return None
    return {
        name: _inside(name, child) if name in WITHIN else _simple(child)
        for name, child in value.items()
        if name in WITHIN[key]
    }


def _simple(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple | list) else value
