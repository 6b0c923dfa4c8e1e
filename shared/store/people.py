"""Personal values lie apart from the hashed body, so that erasing them keeps the chain whole.

A stored event's body holds, in place of every personal value, the digest of salt and value; the values and
their salts stand beside it. The hash covers the digests. Taking away value and salt leaves a digest that
tells nothing and a chain that still verifies. The salt is random, so a name cannot be guessed back.

Free text, in which somebody may be named, is treated alike; its digest says that it is one, so that a reader
who demands a text gets one also after the erasure.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from shared.contracts.base import ERASED_TEXT, MayName, Personal

Path = tuple[str, ...]
EACH = "*"
_SALT = 16
"""Bytes of a salt."""


class Marked(NamedTuple):
    """A field that is kept apart; ``*`` in ``path`` stands for every element of a list."""

    path: Path
    mark: Personal | MayName


@cache
def marked_fields(model: type[BaseModel]) -> tuple[Marked, ...]:
    """Where in ``model`` fields are that are kept apart, with their marks."""
    found: list[Marked] = []
    for name, field in model.model_fields.items():
        marks = _marks(field.metadata)
        below = [Marked((), mark) for mark in marks] or _marked_in(field.annotation)
        found.extend(Marked((name, *path), mark) for path, mark in below)
    return tuple(found)


def _marked_in(annotation: Any) -> list[Marked]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(marked_fields(annotation))
    if marks := _marks(getattr(annotation, "__metadata__", ())):
        return [Marked((), mark) for mark in marks]
    prefix: Path = (EACH,) if get_origin(annotation) in (tuple, list) else ()
    found: dict[Path, Marked] = {}
    for inner in get_args(annotation):
        for path, mark in _marked_in(inner):
            found[prefix + path] = Marked(prefix + path, mark)
    return list(found.values())


def _marks(metadata: Any) -> list[Personal | MayName]:
    return [mark for mark in metadata if isinstance(mark, Personal | MayName)][:1]


def personal_paths(model: type[BaseModel]) -> tuple[Path, ...]:
    """Where in ``model`` personal fields are, free text left out."""
    return tuple(path for path, mark in marked_fields(model) if isinstance(mark, Personal))


@cache
def _tree(model: type[BaseModel]) -> dict[str, Any]:
    """The marked fields by their steps; at the end of each whether it is free text."""
    tree: dict[str, Any] = {}
    for path, mark in marked_fields(model):
        node = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = isinstance(mark, MayName)
    return tree


def set_apart(model: type[BaseModel], body: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """``body`` with digests in place of its personal values, and those values with their salts.

    ``body`` is changed in place: it is a fresh dump that nobody else holds.
    """
    found: list[_Found] = []
    _find(body, _tree(model), "", found)
    people: list[dict[str, str]] = []
    for (holder, key, path, value, text), salt in zip(found, salts(len(found)), strict=True):
        told = digest(salt, value)
        holder[key] = {"digest": told, "text": True} if text else {"digest": told}
        people.append({"path": path, "value": value, "salt": salt})
    return body, people


def salts(count: int) -> list[str]:
    """That many new salts, drawn at once."""
    drawn = os.urandom(_SALT * count).hex()
    return [drawn[at : at + 2 * _SALT] for at in range(0, len(drawn), 2 * _SALT)]


def put_together(body: Any, people: list[dict[str, str]], *, erased: str | None = None) -> Any:
    """The body with its personal values; ``body`` itself stays as it is.

    One that was erased is ``erased``, by itself null; free text is ``ERASED_TEXT``.
    """
    return _restored(body, {entry["path"]: entry["value"] for entry in people}, "", erased)


def _restored(node: Any, values: dict[str, str], where: str, erased: str | None) -> Any:
    """Every event that is published comes through here, so plain values make no call."""
    if isinstance(node, dict):
        if "digest" in node and len(node) <= 2:
            if len(node) == 1:
                return values.get(where, erased)
            if node.get("text") is True:
                return values.get(where, ERASED_TEXT)
        at = f"{where}." if where else ""
        return {
            key: _restored(child, values, f"{at}{key}", erased) if isinstance(child, dict | list) else child
            for key, child in node.items()
        }
    if isinstance(node, list):
        return [_restored(child, values, f"{where}.{index}", erased) for index, child in enumerate(node)]
    return node


def digest(salt: str, value: str) -> str:
    """SHA-256 of salt and value."""
    return hashlib.sha256(f"{salt}:{value}".encode()).hexdigest()


_Found = tuple[Any, Any, str, str, bool]
"""Container, key, path, value, and whether it is free text."""


def _find(node: Any, tree: dict[str, Any], where: str, found: list[_Found]) -> None:
    """Every marked field that has a value. Each event that is stored comes through here."""
    for step, below in tree.items():
        children = enumerate(node) if step == EACH else ((step, node.get(step)),)
        for key, value in children:
            if value is None:
                continue
            if isinstance(below, dict):
                _find(value, below, f"{where}{key}.", found)
            else:
                found.append((node, key, f"{where}{key}", value, below))
