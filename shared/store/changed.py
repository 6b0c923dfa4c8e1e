"""What a save changed, field by field, as it is told in the journal.

It is told of the aggregate's whole private state: also what is never published, such as the content of a
reserved mission or the office's note. So it stays with its owner, and every value lies apart like a personal
one (`shared.store.people`): a before and after may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel

from shared.store.command import Command
from shared.store.people import apart, digest, salts

State = dict[str, Any]

AUDIT = "audit"
"""The part of a stored event, and where the paths of its values begin."""
NOT_THERE: Any = object()


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
    parts = _parts(model)
    for name, then, now in _differing(before, after):
        if name in parts and isinstance(now, dict):
            was = then if isinstance(then, dict) else {}
            found.extend(Changed(f"{name}.{inner}", *values) for inner, *values in _differing(was, now))
        else:
            found.append(Changed(name, then, now))
    return found


def _differing(before: State, after: State) -> Iterator[tuple[str, Any, Any]]:
    for name, now in after.items():
        then = before.get(name)
        if then != now and not (then is None and _empty(now) and name not in before):
            yield name, then, now
    for name in before.keys() - after.keys():
        if before[name] is not None:
            yield name, before[name], None


def _empty(value: Any) -> bool:
    return value is False or value in ([], {}, "")


def audit_part(command: Command, changes: Sequence[Changed]) -> tuple[State, list[dict[str, str]]]:
    """What a stored event tells for the audit, with the values that lie apart from it."""
    told: list[State] = []
    part: State = {"on_behalf_of": command.on_behalf_of, "origin": None, "changes": told}
    people: list[dict[str, str]] = []
    salt = iter(salts(2 * len(changes) + 1))

    def keep(path: str, value: str) -> dict[str, str]:
        entry = apart(path, value, next(salt))
        people.append(entry)
        return {"digest": digest(entry["salt"], value)}

    if command.origin is not None:
        part["origin"] = keep(f"{AUDIT}.origin", command.origin)
    for number, (field, before, after) in enumerate(changes):
        at = f"{AUDIT}.changes.{number}"
        told.append(
            {
                "field": field,
                "before": None if before is None else keep(f"{at}.before", _text(before)),
                "after": None if after is None else keep(f"{at}.after", _text(after)),
            }
        )
    return part, people


def _text(value: Any) -> str:
    """The one JSON text of a value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
