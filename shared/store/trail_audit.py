"""Whether the entries of the trail are the very ones that were recorded. Pure."""

from __future__ import annotations

from typing import Any

from shared.store.events import GENESIS, Document, chain_hash
from shared.store.people import digest
from shared.store.trail import entry_key

_ENTRY = {"path", "value", "salt"}


def entry_faults(entry: Document) -> list[str]:
    """What is wrong with an entry by itself; ``entry`` may hold anything."""
    found = []
    try:
        right = chain_hash(entry) == entry["hash"]
    except (TypeError, KeyError):
        right = False
    if not right:
        found.append("its content does not have its hash")
    fault = _people_fault(entry)
    return [*found, fault] if fault else found


def _people_fault(entry: Document) -> str | None:
    people: Any = entry.get("people")
    if not isinstance(people, list):
        return "its personal values are no list"
    seen: set[str] = set()
    for each in people:
        if (
            not isinstance(each, dict)
            or set(each) != _ENTRY
            or not all(isinstance(v, str) for v in each.values())
        ):
            return "a personal value is not stored as one"
        path = each["path"]
        if path in seen or entry.get(path) != {"digest": digest(each["salt"], each["value"])}:
            return f"the personal value {path!r} does not have its digest"
        seen.add(path)
    return None


class TrailAudit:
    """The entries, given chain by chain and by number; each is held against the one before it."""

    def __init__(self) -> None:
        self._chain: str | None = None
        self._number = 0
        self._hash = GENESIS

    def add(self, entry: Document) -> list[str]:
        """What is wrong with the next entry."""
        chain, number = entry.get("chain"), entry.get("number")
        if not isinstance(chain, str) or not isinstance(number, int) or isinstance(number, bool):
            return ["it has no place"]
        if chain != self._chain:
            self._chain, self._number, self._hash = chain, 0, GENESIS
        faults = entry_faults(entry)
        if entry.get("_id") != entry_key(chain, number):
            faults.append("its id is not its place")
        if number != self._number + 1:
            faults.append(f"it follows number {self._number}: entries are missing")
        elif entry.get("previous") != self._hash:
            faults.append("it does not follow from the entry before it")
        self._number, self._hash = number, str(entry.get("hash"))
        return faults
