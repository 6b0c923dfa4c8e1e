"""Whether a changed contract still keeps what was published.

A reader of the published schema must understand every message of the new one: nothing that it relies on may
vanish, become optional or null, or take another shape. New optional fields are welcome, for readers ignore
what they do not know. A new value of a published list of words is not: a reader's rules may not know it.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def breaches(published: Schema, current: Schema) -> list[str]:
    """What of ``published`` a message of ``current`` would break, as sentences with the field's path."""
    return _compare(published, current, published, current, "")


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> list[str]:
    old, new = _resolved(old, old_root), _resolved(new, new_root)
    where = path or "the event"
    if "anyOf" in old or "anyOf" in new:
        return _compare_choices(old, new, old_root, new_root, path)
    if old.get("type") != new.get("type"):
        return [f"{where}: was {old.get('type')}, is {new.get('type')}"]
    found = [
        f"{where}: its {word} was {old[word]}, is {new.get(word)}"
        for word in ("format", "pattern")
        if word in old and old[word] != new.get(word)
    ]
    if "const" in old and old["const"] != new.get("const"):
        found.append(f"{where}: was always {old['const']}")
    if "enum" in old:
        added = [value for value in new.get("enum", ["any text"]) if value not in old["enum"]]
        if added:
            found.append(f"{where}: may now be {', '.join(map(str, added))}")
    if "items" in old:
        found += _compare(old["items"], new.get("items", {}), old_root, new_root, f"{path}[]")
    for name, old_field in old.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        if name not in new.get("properties", {}):
            found.append(f"{inner}: is gone")
            continue
        if name in old.get("required", []) and name not in new.get("required", []):
            found.append(f"{inner}: was always there, is optional")
        found += _compare(old_field, new["properties"][name], old_root, new_root, inner)
    return found


def _compare_choices(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> list[str]:
    """Every choice of the new schema must be one of the old."""
    old_choices, new_choices = old.get("anyOf", [old]), new.get("anyOf", [new])
    found: list[str] = []
    for choice in new_choices:
        tries = [_compare(other, choice, old_root, new_root, path) for other in old_choices]
        if all(tries):
            found.append(min(tries, key=len)[0])
    return found


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    resolved: Schema = root["$defs"][reference.rsplit("/", 1)[1]]
    return resolved
