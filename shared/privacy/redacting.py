"""What an erasure takes out of a value: a person's fields become null, a name in a text "[…]". Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from shared.contracts.base import ERASED_TEXT, MayName, Personal
from shared.privacy.needle import Needle
from shared.store.changed import AUDIT
from shared.store.people import EACH, marked_fields

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
Json = Any

_BESIDE: Final = frozenset({"people", "hash", "previous", "traceparent"})
"""Parts of a stored event that lie beside what it tells."""
_PERSON: Final = frozenset({"person_id", "name", "function"})
"""The fields by which a person is known as one where no model tells."""


@dataclass(frozen=True)
class Sought:
    """Whom an erasure is about: names, and opaque ids. ``everybody``: whoever is a person there."""

    needle: Needle = field(default_factory=lambda: Needle(()))
    person_ids: frozenset[str] = frozenset()
    everybody: bool = False

    def __bool__(self) -> bool:
        return bool(self.needle) or bool(self.person_ids) or self.everybody

    @cached_property
    def _ids(self) -> re.Pattern[str] | None:
        if not self.person_ids:
            return None
        longest_first = sorted(self.person_ids, key=len, reverse=True)
        return re.compile(rf"(?<![\w.:-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w:-]|\.\w)")

    def is_in(self, text: str) -> bool:
        """Whether ``text`` names them."""
        return bool(self._ids and self._ids.search(text)) or self.needle.in_text(text)

    def is_in_bytes(self, raw: bytes | None) -> bool:
        """Whether ``raw`` names them, however it is written down."""
        if raw and self._ids and self._ids.search(raw.decode("utf-8", "replace")):
            return True
        return self.needle.in_bytes(raw)

    def without(self, text: str) -> str:
        """``text`` that no longer names them."""
        text = self.needle.redact(text)
        return self._ids.sub(ERASED_TEXT, text) if self._ids else text

    def known_by(self, personal: Iterable[Any]) -> bool:
        """Whether the personal fields of one person say that it is them."""
        return any(
            self.everybody or self.is_in(value) for value in personal if isinstance(value, str) and value
        )


def redacted(state: M, sought: Sought) -> tuple[M, tuple[str, ...]]:
    """``state`` without them, and the paths at which they are named and cannot be taken out.

    The same object where nothing names them. What cannot be taken out stands in an id or another word that
    follows a pattern, which is not theirs.
    """
    model = type(state)
    body = state.model_dump(mode="json")
    left: list[str] = []
    known = state
    for path, ways in _replacements(model, body, sought):
        before = _get(body, path)
        for value in ways:
            _put(body, path, value)
            try:
                known = model.model_validate(body)
            except ValidationError:
                continue
            break
        else:
            _put(body, path, before)
            left.append(".".join(map(str, path)))
    return known, tuple(left)


def _replacements(model: type[BaseModel], body: Json, sought: Sought) -> list[tuple[Path, tuple[Any, ...]]]:
    """What has to change, with what may stand there instead, the best first."""
    found: dict[Path, tuple[Any, ...]] = {}
    for group in _people_in(model, body).values():
        if sought.known_by(_get(body, path) for path in group):
            found |= {path: (None, ERASED_TEXT) for path in group if _get(body, path) is not None}
    for path, text in leaves(body):
        if path not in found and isinstance(text, str) and sought.is_in(text):
            found[path] = (sought.without(text), ERASED_TEXT, None)
    return list(found.items())


def names_in(model: type[BaseModel], body: Json) -> list[str]:
    """The names that stand in the fields of ``body`` that are made for a name."""
    return [
        value
        for marked in marked_fields(model)
        if isinstance(marked.mark, Personal) and marked.mark.datum == "name"
        for path in _reached(body, marked.path)
        if isinstance(value := _get(body, path), str)
    ]


def named_in_event(stored: Mapping[str, Any], sought: Sought) -> list[str]:
    """The paths of the values that lie beside a stored event's body and name them, the audit's among them."""
    values = {entry["path"]: entry["value"] for entry in stored["people"]}
    free = {path for path in values if is_free(stored, path)}
    found = {path for path in free if sought.is_in_bytes(values[path].encode("utf-8", "surrogatepass"))}
    people: dict[str, list[str]] = {}
    for path in values.keys() - free:
        people.setdefault(path.rpartition(".")[0], []).append(path)
    for paths in people.values():
        if sought.known_by(values[path] for path in paths):
            found.update(paths)
    return sorted(found)


def published(paths: Iterable[str]) -> list[str]:
    """Those of ``paths`` that begin in what is published."""
    return [path for path in paths if not path.startswith(f"{AUDIT}.")]


def in_the_chain(stored: Mapping[str, Any], sought: Sought) -> bool:
    """Whether what the hash covers names them: an event of before such values lay apart, or an id."""
    return any(
        isinstance(text, str) and sought.is_in(text)
        for name, part in stored.items()
        if name not in _BESIDE
        for path, text in leaves(part)
        if not path or path[-1] != "digest"
    )


def narrowed(model: type[BaseModel] | None, body: Json, paths: Iterable[str]) -> bool:
    """Take the values at ``paths`` out of an event's ``body``, in place; whether there were any.

    A person's field becomes null, free text "[…]".
    """
    texts = (
        {marked.path for marked in marked_fields(model) if isinstance(marked.mark, MayName)}
        if model
        else set()
    )
    changed = False
    for path in paths:
        steps = tuple(int(step) if step.isdecimal() else step for step in path.split("."))
        try:
            before = _get(body, steps)
        except (KeyError, IndexError, TypeError):
            continue
        is_text = tuple(EACH if isinstance(step, int) else step for step in steps) in texts
        after = ERASED_TEXT if is_text else None
        if before is not None and before != after:
            _put(body, steps, after)
            changed = True
    return changed


def without(node: Json, sought: Sought) -> bool:
    """Take them out of a JSON value of which no model is known, in place; whether there was anything."""
    changed = False
    for holder in _holders(node):
        if isinstance(holder, dict) and holder.keys() >= _PERSON:
            fields = [name for name in ("person_id", "name") if holder[name] is not None]
            if sought.known_by(holder[name] for name in fields):
                holder.update(dict.fromkeys(fields))
                changed = True
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in list(items):
            if isinstance(value, str) and sought.is_in(value):
                holder[key] = sought.without(value)
                changed = True
    return changed


def leaves(node: Json, where: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of ``node`` that is neither a mapping nor a list, with its path."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from leaves(child, (*where, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from leaves(child, (*where, index))
    else:
        yield where, node


def any_leaf(node: Json, matches: Callable[[Any], bool]) -> bool:
    """Whether one of the values of ``node`` matches."""
    return any(matches(value) for _, value in leaves(node))


def _holders(node: Json) -> Iterator[Any]:
    if isinstance(node, dict | list):
        yield node
        for child in node.values() if isinstance(node, dict) else node:
            yield from _holders(child)


def _people_in(model: type[BaseModel], body: Json) -> dict[Path, list[Path]]:
    """The personal fields that ``body`` has, by the object that they belong to."""
    found: dict[Path, list[Path]] = {}
    for marked in marked_fields(model):
        if isinstance(marked.mark, Personal):
            for path in _reached(body, marked.path):
                found.setdefault(path[:-1], []).append(path)
    return found


def _reached(node: Json, path: Sequence[str], where: Path = ()) -> Iterator[Path]:
    if not path:
        yield where
    elif path[0] == EACH:
        for index, child in enumerate(node if isinstance(node, list) else ()):
            yield from _reached(child, path[1:], (*where, index))
    elif isinstance(node, dict) and path[0] in node:
        yield from _reached(node[path[0]], path[1:], (*where, path[0]))


def is_free(stored: Mapping[str, Any], path: str) -> bool:
    """Whether the value at ``path`` of a stored event is free text, or one that the audit keeps."""
    steps = tuple(int(step) if step.isdecimal() else step for step in path.split("."))
    try:
        told = _get(stored["data"], steps)
    except (KeyError, IndexError, TypeError):
        return True
    return isinstance(told, dict) and told.get("text") is True


def _get(node: Json, path: Path) -> Any:
    for step in path:
        node = node[step]
    return node


def _put(node: Json, path: Path, value: Any) -> None:
    _get(node, path[:-1])[path[-1]] = value
