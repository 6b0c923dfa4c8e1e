"""What a save changed, field by field, as it is told in the journal.

It is told of the aggregate's whole private state: also what is never published, such as the content of a
reserved mission or the office's note. So it stays with its owner, and every value lies apart like a personal
one (`shared.store.people`): a before and after may hold anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from shared.store.command import Command
from shared.store.people import digest, salts

State = dict[str, Any]

AUDIT = "audit"
"""The part of a stored event, and where the paths of its values begin."""
_NO_PARTS: frozenset[str] = frozenset()


class Changed(NamedTuple):
    """One field; a value is null where there is none."""

    field: str
    before: Any
    after: Any


@cache
def _parts(model: type[BaseModel]) -> frozenset[str]:
    """The fields that are a whole of their own and always there: each of theirs is told by itself."""
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    )


def changed_fields(model: type[BaseModel], before: State, after: State) -> list[Changed]:
    """The fields of two dumps of ``model`` that differ; ``before`` is empty for something new.

    A field of a part is named with it: ``agreement.title``. That a field which was not there is empty now is
    no change.
    """
    found: list[Changed] = []
    _compare("", before, after, _parts(model), found)
    return found


def _compare(part: str, before: State, after: State, parts: frozenset[str], found: list[Changed]) -> None:
    for name, now in after.items():
        then = before.get(name)
        if then == now or (then is None and name not in before and _empty(now)):
            continue
        if name in parts and isinstance(now, dict):
            _compare(f"{name}.", then if isinstance(then, dict) else {}, now, _NO_PARTS, found)
        else:
            found.append(Changed(part + name, then, now))
    if len(before) > len(after) or not before.keys() <= after.keys():
        gone = ((name, then) for name, then in before.items() if name not in after and then is not None)
        found.extend(Changed(part + name, then, None) for name, then in gone)


def _empty(value: Any) -> bool:
    return value is False or value in ([], {}, "")


def audit_part(command: Command, changes: Sequence[Changed]) -> tuple[State, list[dict[str, str]]]:
    """What a stored event tells for the audit, with the values that lie apart from it."""
    values: list[tuple[str, str]] = []  # with their paths, in the order in which they are told
    if command.origin is not None:
        values.append((f"{AUDIT}.origin", command.origin))
    for number, (_, before, after) in enumerate(changes):
        if before is not None:
            values.append((f"{AUDIT}.changes.{number}.before", _text(before)))
        if after is not None:
            values.append((f"{AUDIT}.changes.{number}.after", _text(after)))
    people = [
        {"path": path, "value": value, "salt": salt}
        for (path, value), salt in zip(values, salts(len(values)), strict=True)
    ]
    digests = iter([{"digest": digest(entry["salt"], entry["value"])} for entry in people])
    part: State = {
        "on_behalf_of": command.on_behalf_of,
        "origin": None if command.origin is None else next(digests),
        "changes": [
            {
                "field": field,
                "before": None if before is None else next(digests),
                "after": None if after is None else next(digests),
            }
            for field, before, after in changes
        ],
    }
    if command.erases:
        people = [entry for entry in people if not entry["path"].endswith(".before")]
    return part, people


def _text(value: Any) -> str:
    """The one JSON text of a value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
