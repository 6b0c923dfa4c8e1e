"""The stored shape of an aggregate and how a change becomes one write.

``{_id, version, epoch, sequence, schema_version, head_hash, state, outbox, commands, commands_kept, marks,
claim}``.
``commands`` maps a digest of (client, key) to the first answer; ``marks`` a digest of a reaction's source to
the highest sequence answered. Both are maps, so that one save touches one entry and a load brings one;
``commands_kept`` counts the former. Every so many saves the whole map is read to take out what has expired.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import orjson
from bson import BSON
from bson.raw_bson import RawBSONDocument
from pydantic import BaseModel

from shared.domain import Change
from shared.store.changed import AUDIT, Changed, changed_fields
from shared.store.command import Command, Receipt, SourceMark
from shared.store.driver import Document
from shared.store.due import Due
from shared.store.errors import Full, KeyReused, TooLarge
from shared.store.events import GENESIS, store_event
from shared.store.schema import FIRST, Schema

S = TypeVar("S", bound=BaseModel)

KEYS_KEPT = timedelta(hours=24)
"""A client may repeat a request with its key for this long and gets the first answer."""
KEYLESS_KEPT = timedelta(minutes=10)
"""Commands without a client's key carry an inner one, only for writes of unknown fate."""
MAX_KEYS = 2000
MAX_OUTBOX = 500
MAX_EVENT_BYTES = 512 * 1024
"""Of what others are told. What the audit keeps of a save beside it has the save's limit."""
MAX_SAVE_BYTES = 4 * 1024 * 1024
"""One operation beyond the server's limit would have a whole bulk refused, with its neighbours."""
MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
"""What `mongod` stores in one document."""
PRUNE_EVERY = 50
"""Saves after which expired keys are looked for, so that no save pays for all the keys kept."""


class _Claimant(Protocol):
    token: str


@dataclass(frozen=True, slots=True)
class Loaded(Generic[S]):
    """An aggregate's state with where it stands."""

    subject: str
    state: S
    version: int
    epoch: int
    sequence: int

    @classmethod
    def of(cls, document: Document, schema: Schema[S]) -> Loaded[S]:
        """The aggregate in a stored document of any shape."""
        return cls(
            subject=document["_id"],
            state=schema.read(document),
            version=document["version"],
            epoch=document["epoch"],
            sequence=document["sequence"],
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """One write and what follows from it when it is acknowledged."""

    filter: Document
    update: RawBSONDocument
    """Encoded once; its size was checked."""
    receipt: Receipt
    covered: list[Document]
    """The events that the write's own claim covers, oldest first; empty if another process holds it."""
    settings: Document
    """The fields that it sets, as they are stored."""


def slot(*parts: str) -> str:
    """A map key that is safe as a field name, whatever the text of its parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def answer_path(command: Command) -> str | None:
    """Where an aggregate keeps the earlier answer to ``command``; null: it has no key and no source."""
    if command.source is not None:
        return f"marks.{slot(command.source.lane)}"
    return None if command.key is None else f"commands.{slot(command.client, command.key)}"


class Snapshot:
    """The document that a decision is made on, or its absence; ``whole`` if it has all of its answers."""

    def __init__(self, document: Document | None, subject: str, *, whole: bool = False) -> None:
        self.subject = subject
        self.whole = whole or document is None
        self.document: Document = document or {}
        self.version: int = self.document.get("version", 0)
        self.sequence: int = self.document.get("sequence", 0)
        self._before: Document = self.document.get("state", {})

    def wants_all_keys(self, command: Command) -> bool:
        """Whether this save has to look through all the keys kept: now and then, and where they are many."""
        if self.whole or command.key is None:
            return False
        kept = self.document.get("commands_kept")
        return kept is None or kept >= MAX_KEYS or (kept >= PRUNE_EVERY and self.version % PRUNE_EVERY == 0)

    def state(self, schema: Schema[S]) -> S | None:
        """The state that is decided on; null: there is no such aggregate yet."""
        if not self.document:
            return None
        state = schema.read(self.document)
        if self.document.get("schema_version", FIRST) != schema.version:
            # The new shape is no change that anybody made.
            self._before = state.model_dump(mode="json")
        return state

    def answered(self, command: Command) -> Receipt | None:
        """The first answer to this command if it was carried out before. Raises ``KeyReused``."""
        if command.source is not None:
            mark = self.document.get("marks", {}).get(slot(command.source.lane))
            if mark is not None and mark["sequence"] >= command.source.sequence:
                return self.unchanged(self.document["epoch"], replayed=True)
            return None
        if command.key is None:
            return None
        kept = self.document.get("commands", {}).get(slot(command.client, command.key))
        if kept is None:
            return None
        if kept["fingerprint"] != command.fingerprint:
            raise KeyReused(field="Idempotency-Key", value=command.key)
        return Receipt(**kept["receipt"], replayed=True)

    def unchanged(self, epoch: int, *, replayed: bool = False) -> Receipt:
        """The answer where nothing is stored: where the aggregate stands anyway."""
        return Receipt(
            subject=self.subject,
            epoch=self.document.get("epoch", epoch),
            sequence=self.sequence,
            version=self.version,
            replayed=replayed,
            changed=False,
        )

    def draft(
        self,
        change: Change[Any],
        command: Command,
        *,
        epoch: int,
        relay: _Claimant | None,
        due: Due[Any] | None = None,
        schema_version: int = FIRST,
    ) -> Draft:
        """The write that stores ``change``. Raises ``Full`` and ``TooLarge`` before anything is stored."""
        state = change.state.model_dump(mode="json")
        changed = changed_fields(type(change.state), self._before, state) if change.events else []
        events = self._events(change, command, epoch, changed)
        sequence = self.sequence + len(events)
        # The epoch is the last event's: a save without events has no place of its own.
        at_epoch = epoch if events else self.document.get("epoch", epoch)
        receipt = Receipt(self.subject, at_epoch, sequence, self.version + 1)
        settings: Document = {
            "version": self.version + 1,
            "epoch": at_epoch,
            "sequence": sequence,
            "schema_version": schema_version,
            "head_hash": events[-1]["hash"] if events else self.document.get("head_hash", GENESIS),
            "state": state,
            "updated_at": command.at,
        }
        update: Document = {"$set": settings}
        if events or not self.document:
            update["$push"] = {"outbox": {"$each": events}}
        self._remember(update, command, receipt)
        if due is not None:
            due.put(update, change.state)
        if not self.document:
            settings["created_at"] = command.at
        waiting: list[Document] = self.document.get("outbox", [])
        held_by = self.document.get("claim", {}).get("token")
        covered: list[Document] = []
        if relay is not None and events and (not waiting or held_by == relay.token):
            settings["claim.token"] = relay.token
            update["$currentDate"] = {"claim.at": True}
            covered = [*waiting, *events]
        if self.document:
            # An upsert that matches nothing then fails, instead of inserting; see ``Batches``.
            update["$setOnInsert"] = {"_id": ""}
        encoded = BSON.encode(update)
        if len(encoded) > MAX_SAVE_BYTES:
            raise TooLarge(field=command.name, value=len(encoded), limit=MAX_SAVE_BYTES)
        return Draft(
            filter={"_id": self.subject, "version": self.version},
            update=RawBSONDocument(encoded),
            receipt=receipt,
            covered=covered,
            settings=settings,
        )

    def _events(
        self, change: Change[Any], command: Command, epoch: int, changed: list[Changed]
    ) -> list[Document]:
        previous: str = self.document.get("head_hash", GENESIS)
        previous_epoch: int = self.document["epoch"] if self.sequence else 0
        events: list[Document] = []
        last = self.sequence + len(change.events)
        for sequence, event in enumerate(change.events, start=self.sequence + 1):
            stored = store_event(
                event,
                command,
                subject=self.subject,
                epoch=epoch,
                sequence=sequence,
                version=self.version + 1,
                previous=previous,
                previous_epoch=previous_epoch,
                # Of the whole save, and told once: with its last event.
                changed=changed if sequence == last else (),
            )
            _check_size(stored)
            previous, previous_epoch = stored["hash"], epoch
            events.append(stored)
        if len(self.document.get("outbox", [])) + len(events) > MAX_OUTBOX:
            raise Full(field="outbox", value=self.subject, limit=MAX_OUTBOX)
        return events

    def _remember(self, update: Document, command: Command, receipt: Receipt) -> None:
        if command.source is not None:
            update["$set"][f"marks.{slot(command.source.lane)}"] = _mark(command.source)
        if command.key is None:
            return
        left = self._prune(update, command.at) if self.whole else self.document["commands_kept"]
        if left >= MAX_KEYS:
            raise Full(field="commands", value=self.subject, limit=MAX_KEYS)
        update["$set"]["commands_kept"] = left + 1
        update["$set"][f"commands.{slot(command.client, command.key)}"] = {
            "fingerprint": command.fingerprint,
            "until": _until(command.at, keyless=command.key.startswith("once-")),
            "receipt": receipt.stored(),
        }

    def _prune(self, update: Document, at: datetime) -> int:
        """Take out the keys that have expired; how many are left."""
        kept: Document = self.document.get("commands", {})
        expired = [name for name, entry in kept.items() if entry["until"] <= at]
        if expired:
            update["$unset"] = {f"commands.{name}": "" for name in expired}
        return len(kept) - len(expired)


def _check_size(stored: Document) -> None:
    # No document has eight times the size of its JSON text, which is quicker made.
    if 8 * len(orjson.dumps(stored)) <= MAX_EVENT_BYTES or len(BSON.encode(stored)) <= MAX_EVENT_BYTES:
        return
    people = [entry for entry in stored["people"] if not entry["path"].startswith(f"{AUDIT}.")]
    size = len(BSON.encode({**stored, "people": people, AUDIT: None}))
    if size > MAX_EVENT_BYTES:
        raise TooLarge(field=stored["type"], value=size, limit=MAX_EVENT_BYTES)


def _mark(source: SourceMark) -> Document:
    return {"lane": source.lane, "sequence": source.sequence}


def _until(at: datetime, *, keyless: bool) -> datetime:
    return at + (KEYLESS_KEPT if keyless else KEYS_KEPT)
