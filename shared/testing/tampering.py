"""One small alteration of a stored document, at any place in it."""

from copy import deepcopy
from typing import Any

Path = tuple[str | int, ...]


def leaves(node: Any, path: Path = ()) -> list[Path]:
    """The paths of every single value in a document."""
    if isinstance(node, dict | list):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        return [found for key, child in items for found in leaves(child, (*path, key))]
    return [path]


def tampered(document: dict[str, Any], path: Path, which: int) -> dict[str, Any]:
    """A copy in which the value at ``path`` differs: by one character, by one, or by being there at all."""
    changed = deepcopy(document)
    node: Any = changed
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = _other(node[path[-1]], which)
    return changed


def _other(value: Any, which: int) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str) and value:
        at = which % len(value)
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    return "x"
