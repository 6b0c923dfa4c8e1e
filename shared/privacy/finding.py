"""Where in a stored document a person stands: every place, with what is needed to understand it and no more.

Pure. It walks through whatever is stored, so a field that nobody thought of is found too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import orjson

from shared.privacy.neighbours import beside

Document = Mapping[str, Any]


class Sought(Protocol):
    """Whom a search is for."""

    def is_name(self, text: str) -> bool:
        """Whether the text is the person's name and nothing else."""

    def in_text(self, text: str) -> bool:
        """Whether the person is named in the text."""

    def in_bytes(self, raw: bytes) -> bool:
        """Whether the person is named in a message, or stands there by an id."""

    def is_id(self, text: str) -> bool:
        """Whether the text is an id of the person, alone or after a program's name (``PROGRAM/ID``)."""


@dataclass(frozen=True, slots=True)
class Find:
    """One place. ``kind``: ``name``, ``id``, ``text`` (named in it), ``message`` (unreadable bytes).

    ``value`` is what stands there (null for bytes), ``beside`` what its neighbours say about it.
    """

    path: str
    kind: str
    value: str | None
    beside: dict[str, Any] = field(default_factory=dict)


def finds(document: Document, sought: Sought) -> Iterator[Find]:
    """Every place of ``document`` where the person stands; personal values set apart are put back first."""
    yield from _in(document, "", (), sought)


def _in(node: Any, path: str, around: tuple[Document, ...], sought: Sought) -> Iterator[Find]:
    if isinstance(node, dict):
        whole = _whole(node)
        for key, child in whole.items():
            yield from _in(child, f"{path}.{key}" if path else str(key), (*around, whole), sought)
    elif isinstance(node, list):
        if _is_header(node):
            yield from _in(bytes(node[1]).decode(errors="replace"), f"{path}.{node[0]}", around, sought)
            return
        for index, child in enumerate(node):
            yield from _in(child, f"{path}.{index}", around, sought)
    elif isinstance(node, str):
        kind = _kind(node, sought)
        if kind is not None:
            yield Find(path, kind, node, beside(around))
    elif isinstance(node, bytes):
        yield from _in_message(node, path, around, sought)


def _in_message(raw: bytes, path: str, around: tuple[Document, ...], sought: Sought) -> Iterator[Find]:
    """A message that can be read is walked through; of another only its place is told."""
    try:
        yield from _in(orjson.loads(bytes(raw)), path, around, sought)
    except ValueError:
        if sought.in_bytes(raw):
            yield Find(path, "message", None, beside(around))


def _kind(text: str, sought: Sought) -> str | None:
    if sought.is_id(text):
        return "id"
    if not sought.in_text(text):
        return None
    return "name" if sought.is_name(text) else "text"


def _is_header(node: Any) -> bool:
    """A message's header as it is stored: its name and its bytes."""
    return len(node) == 2 and isinstance(node[0], str) and isinstance(node[1], bytes)


_APART: Final = "people"


def _whole(node: dict[str, Any]) -> dict[str, Any]:
    """The document with the values that were set apart where they belong; others stay as they are."""
    entries = _entries(node.get(_APART))
    if not entries:
        return node
    copy = deepcopy({key: child for key, child in node.items() if key != _APART})
    for entry in entries:
        _put(copy, str(entry["path"]).split("."), entry["value"])
    return copy


def _entries(people: Any) -> list[Any]:
    """The values set apart in a stored event or entry of the trail."""
    if not isinstance(people, list):
        return []
    return [entry for entry in people if isinstance(entry, Mapping) and {"path", "value"} <= entry.keys()]


def _put(copy: dict[str, Any], steps: list[str], value: Any) -> None:
    """Paths begin in the event's data, or in the event itself where its data have no such place."""
    for root in (copy.get("data"), copy):
        holder: Any = root
        for step in steps[:-1]:
            holder = _step(holder, step)
        last = steps[-1]
        if isinstance(holder, dict) and last in holder:
            holder[last] = _opened(value)
            return
        if isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
            holder[int(last)] = _opened(value)
            return
    # What belongs nowhere is shown all the same.
    copy[".".join(steps)] = value


def _step(holder: Any, step: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    if isinstance(holder, list) and step.isdigit() and int(step) < len(holder):
        return holder[int(step)]
    return None


def _opened(value: Any) -> Any:
    """A field's value before or after a change is kept as JSON: its own fields are places too."""
    if isinstance(value, str) and value[:1] in {"{", "[", '"'}:
        try:
            return orjson.loads(value)
        except ValueError:
            return value
    return value
