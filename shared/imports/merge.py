"""The three-way comparison of a correction: last imported, as it stands, newly imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel

from shared.imports.spec import Conflict, ImportConflict


def shown(value: object) -> str:
    """A field's value as the office would read it in a report of conflicts."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, BaseModel):
        parts = (shown(getattr(value, name)) for name in type(value).model_fields)
        return " | ".join(part for part in parts if part)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(shown, value))
    return str(value)


def changes(
    before: Mapping[str, object],
    current: Mapping[str, object],
    after: Mapping[str, object],
    *,
    show: Callable[[object], str] = shown,
) -> dict[str, object]:
    """The fields that a newly imported row changes, with their new values, in ``after``'s order.

    A field that stands already as ``after`` says needs no change. Raises ``ImportConflict`` naming every
    field that the row changes although it no longer stands as ``before`` said.
    """
    changed = {
        field: value for field, value in after.items() if value != before[field] and value != current[field]
    }
    conflicts = [
        Conflict(field, show(before[field]), show(current[field]), show(value))
        for field, value in changed.items()
        if current[field] != before[field]
    ]
    if conflicts:
        raise ImportConflict(conflicts)
    return changed
