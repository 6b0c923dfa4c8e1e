"""The last stored document of an aggregate, kept so that the next command need not load it.

What is kept may be out of date at any time. That costs a retry and nothing else: the write that is based on
it is filtered on everything that it took for granted, and what cannot be decided for certain is decided anew
on a document that was loaded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.store.document import Draft, Snapshot
from shared.store.driver import Document

MOST = 2000
"""Aggregates kept in a process."""
MOST_BYTES = 16 * 1024
"""A larger write is not kept: few documents could fill the memory."""
_FIELDS = ("version", "epoch", "sequence", "schema_version", "head_hash", "state")


class UnderWay(Protocol):
    """What the relay does with the events that it was offered."""

    @property
    def failed(self) -> bool:
        """Whether some may be left in the outbox for the poll."""

    def left(self) -> list[Document]:
        """Those that may still be in the outbox, oldest first."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as this process's own last write left it, under this process's claim."""

    document: Document
    under_way: UnderWay

    def snapshot(self, subject: str) -> Snapshot:
        """What a decision can be made on now."""
        return Snapshot({**self.document, "outbox": self.under_way.left()}, subject)

    def filter(self, draft: Draft, answer: str | None) -> Document:
        """What has to be true of the stored document for ``draft`` to be right.

        The same version with the same head is the same history, even after a restore. The claim being ours
        says that nobody else hands over its events; ``answer``, where the command's own answer would be,
        that it was not carried out before.
        """
        known = self.document
        wanted = {
            **draft.filter,
            "head_hash": known["head_hash"],
            "schema_version": known["schema_version"],
            "claim.token": known["claim"]["token"],
        }
        return wanted if answer is None else {**wanted, answer: {"$exists": False}}


class Kept:
    """Entries by subject, the longest unused of too many dropped."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def take(self, subject: str) -> Entry | None:
        """The entry, which is no longer kept: only a write that was acknowledged brings one back."""
        entry = self._entries.pop(subject, None)
        return entry if entry is not None and not entry.under_way.failed else None

    def put(self, draft: Draft, before: Document, token: str, under_way: UnderWay) -> None:
        """Keep what ``draft``, made on ``before`` and acknowledged, has left."""
        answers = draft.settings.get("commands_kept", before.get("commands_kept"))
        if answers is None or len(draft.update.raw) > MOST_BYTES:
            return
        document: Document = {name: draft.settings[name] for name in _FIELDS}
        document |= {"commands_kept": answers, "claim": {"token": token}}
        self._entries[draft.receipt.subject] = Entry(document, under_way)
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)


def fresh(covered: Sequence[Document], entry: Entry | None, events: int) -> list[Document]:
    """What the relay has to be offered of ``covered``, the last ``events`` of which are new.

    The older ones are in its hands already, unless it has given them up meanwhile.
    """
    return list(covered) if entry is None or entry.under_way.failed else list(covered[-events:])
