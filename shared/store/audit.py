"""Whether stored events are the very ones that were stored: each by itself, and all of a subject as a chain.

Pure. What an event says is covered by its hash; its personal values lie apart and are covered by digests in
it. One that is there has to be the one; one that is not there any more was erased, and a later event of the
subject has to say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from shared.store.changed import AUDIT
from shared.store.events import GENESIS, Document, chain_hash, event_key
from shared.store.people import digest

Place = tuple[int, int]
Fault = tuple[str, str]
"""The place as people write it, and what is wrong there."""

_ENTRY = {"path", "value", "salt"}


def shown(place: Place) -> str:
    """Epoch and sequence as people write them."""
    return f"{place[0]}/{place[1]}"


def event_faults(event: Document) -> list[str]:
    """What is wrong with a stored event by itself; ``event`` may hold anything."""
    found = []
    try:
        right = chain_hash(event) == event["hash"]
    except (TypeError, KeyError):
        right = False
    if not right:
        found.append("its content does not have its hash")
    fault = _people_fault(event)
    return [*found, fault] if fault else found


def _people_fault(event: Document) -> str | None:
    people = event.get("people")
    if not isinstance(people, list):
        return "its personal values are no list"
    seen: set[str] = set()
    for entry in people:
        if not isinstance(entry, dict) or set(entry) != _ENTRY:
            return "a personal value is not stored as one"
        path, salt = entry["path"], entry["salt"]
        if not isinstance(path, str) or not isinstance(salt, str) or path in seen:
            return "a personal value is not stored as one"
        seen.add(path)
        # Paths begin in what is published, but for the audit's.
        there = _at(event if path.startswith(f"{AUDIT}.") else event.get("data"), path)
        right = {"digest": digest(salt, entry["value"])}
        if there not in (right, {**right, "text": True}):
            return f"the personal value {path!r} does not have its digest"
    return None


def _gone(event: Document) -> set[str]:
    """The paths in what the event published whose values are not there any more."""
    people = event.get("people")
    entries = people if isinstance(people, list) else []
    there = {entry.get("path") for entry in entries if isinstance(entry, dict)}
    return {path for path in _digests(event.get("data"), "") if path not in there}


def _digests(node: Any, where: str) -> Iterator[str]:
    if isinstance(node, dict):
        if node.keys() in ({"digest"}, {"digest", "text"}):
            yield where
            return
        for key, child in node.items():
            yield from _digests(child, f"{where}.{key}" if where else str(key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _digests(child, f"{where}.{index}")


def _told_gone(event: Document) -> set[tuple[Place, str]]:
    """What the event of an erasure says that earlier ones lose."""
    data = event.get("data")
    scrubbed = data.get("scrubbed") if isinstance(data, dict) else None
    return {
        (place, str(each.get("path")))
        for each in (scrubbed if isinstance(scrubbed, list) else ())
        if isinstance(each, dict) and (place := _place(each)) is not None
    }


def _at(node: Any, path: str) -> Any:
    for step in path.split("."):
        if isinstance(node, dict):
            node = node.get(step)
        elif isinstance(node, list) and step.isascii() and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node


def _place(event: Document) -> Place | None:
    epoch, sequence = event.get("epoch"), event.get("sequence")
    if type(epoch) is bool or type(sequence) is bool:
        return None
    if not isinstance(epoch, int) or not isinstance(sequence, int):
        return None
    return int(epoch), int(sequence)


class ChainAudit:
    """One subject's events, given in order; ``aggregate`` tells where the chain has to end.

    An event may still lie in the aggregate's outbox, alone or beside the journal's; both are looked at.
    """

    def __init__(self, subject: str, aggregate: Document) -> None:
        self._subject = subject
        self._aggregate = aggregate
        self._stands = _place(aggregate)
        self._outbox = {str(event.get("_id")): event for event in aggregate.get("outbox") or []}
        self._last: Place = (0, 0)
        self._hash = GENESIS
        self.ahead: Place | None = None
        """The first event behind the place where the aggregate stands."""
        self._faults: list[Fault] = []
        self._gone: set[tuple[Place, str]] = set()
        self._told_gone: set[tuple[Place, str]] = set()

    def add(self, event: Document) -> None:
        """The journal's next event."""
        twin = self._outbox.pop(str(event.get("_id")), None)
        if twin is not None:
            self._say(event, event_faults(twin), where="in the outbox ")
            if twin.get("hash") != event.get("hash"):
                self._say(event, ["in outbox and journal it has different hashes"])
        self._link(event)

    def faults(self, *, whole: bool = True) -> Sequence[Fault]:
        """What is wrong once all were given; not ``whole``: later events may have come meanwhile."""
        for event in self._outbox.values():
            self._link(event)
        self._outbox = {}
        if self._stands is None:
            return [*self._faults, ("-", "the aggregate has no place")]
        found = list(self._faults)
        for lost, path in sorted(self._gone - self._told_gone):
            found.append((shown(lost), f"the value {path!r} is gone, and no erasure says so"))
        if whole and self.ahead is not None:
            what = f"the journal is ahead of the aggregate, which stands at {shown(self._stands)}"
            found.append((shown(self.ahead), what))
        if self._last[1] == 0 and self._stands[1] == 0:
            stands: Place = self._last
        else:
            stands = self._stands
        if self._last != stands:
            found.append((shown(stands), f"the events end at {shown(self._last)}: the end is missing"))
        elif self._aggregate.get("head_hash") != self._hash:
            found.append((shown(stands), "the aggregate's head hash is not that of its last event"))
        return found

    def _link(self, event: Document) -> None:
        place = _place(event)
        if place is None:
            self._say(event, ["it has no place"])
            return
        self._told_gone |= _told_gone(event)
        if self._stands is not None and place > self._stands:
            self.ahead = self.ahead or place
            return
        faults = event_faults(event)
        self._gone |= {(place, path) for path in _gone(event)}
        if event.get("_id") != event_key(self._subject, *place):
            faults.append("its id is not its place")
        if place[1] != self._last[1] + 1:
            faults.append(f"it follows {shown(self._last)}: events are missing")
        elif event.get("previous") != self._hash or event.get("previous_epoch") != self._last[0]:
            faults.append("it does not follow from the event before it")
        self._say(event, faults)
        self._last, self._hash = place, str(event.get("hash"))

    def _say(self, event: Document, faults: Sequence[str], *, where: str = "") -> None:
        place = _place(event)
        self._faults += [(shown(place) if place else "-", where + fault) for fault in faults]
