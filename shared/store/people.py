"""Personal values lie apart from the hashed body, so that erasing them keeps the chain whole.

A stored event's body holds, in place of every personal value, the digest of salt and value; the values and
their salts stand beside it. The hash covers the digests. Taking away value and salt leaves a digest that
tells nothing and a chain that still verifies. The salt is random, so a name cannot be guessed back.
"""

from __future__ import annotations

import hashlib
import secrets
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from shared.contracts.base import Personal

Path = tuple[str, ...]
EACH = "*"


@cache
def personal_paths(model: type[BaseModel]) -> tuple[Path, ...]:
    """Where in ``model`` personal fields are; ``*`` stands for every element of a list."""
    paths: list[Path] = []
    for name, field in model.model_fields.items():
        if any(isinstance(mark, Personal) for mark in field.metadata):
            paths.append((name,))
        paths.extend((name, *rest) for rest in _paths_of_type(field.annotation))
    return tuple(paths)


def _paths_of_type(annotation: Any) -> list[Path]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(personal_paths(annotation))
    prefix: Path = (EACH,) if get_origin(annotation) in (tuple, list) else ()
    found: list[Path] = []
    for inner in get_args(annotation):
        found.extend((*prefix, *rest) for rest in _paths_of_type(inner) if rest not in found)
    return found


def set_apart(model: type[BaseModel], body: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """``body`` with digests in place of its personal values, and those values with their salts.

    ``body`` is changed in place: it is a fresh dump that nobody else holds.
    """
    people: list[dict[str, str]] = []
    for path in personal_paths(model):
        for holder, key, where in _places(body, path, ()):
            value = holder[key]
            if value is None:
                continue
            salt = secrets.token_hex(16)
            holder[key] = {"digest": digest(salt, value)}
            people.append({"path": ".".join(where), "value": value, "salt": salt})
    return body, people


def put_together(body: Any, people: list[dict[str, str]]) -> Any:
    """The body with its personal values; one that was erased is null. ``body`` itself stays as it is."""
    return _restored(body, {entry["path"]: entry["value"] for entry in people}, "")


def _restored(node: Any, values: dict[str, str], where: str) -> Any:
    """Every event that is published comes through here, so plain values make no call."""
    if isinstance(node, dict):
        if len(node) == 1 and "digest" in node:
            return values.get(where)
        at = f"{where}." if where else ""
        return {
            key: _restored(child, values, f"{at}{key}") if isinstance(child, dict | list) else child
            for key, child in node.items()
        }
    if isinstance(node, list):
        return [_restored(child, values, f"{where}.{index}") for index, child in enumerate(node)]
    return node


def digest(salt: str, value: str) -> str:
    """SHA-256 of salt and value."""
    return hashlib.sha256(f"{salt}:{value}".encode()).hexdigest()


def _places(node: Any, path: Path, where: Path) -> list[tuple[Any, Any, Path]]:
    """Every (container, key, path) that ``path`` reaches in ``node``."""
    if node is None:
        return []
    step, rest = path[0], path[1:]
    if step == EACH:
        return [
            place for index, child in enumerate(node) for place in _places(child, rest, (*where, str(index)))
        ]
    if step not in node:
        return []
    if not rest:
        return [(node, step, (*where, step))]
    return _places(node[step], rest, (*where, step))
