"""The trail: who was refused, and who has read what is reserved, in chains beside the journal.

Nothing of an aggregate changes when somebody is refused or reads, so these entries have chains of their own:
one for each start of a process, numbered without a gap, each entry's hash over the one before it. Who it was
and where from lie apart from their salted digests, as in events, so that they can be erased and the chain
holds.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from shared.store.checkpoints import Head
from shared.store.driver import Collection, Database, Document, IndexModel
from shared.store.events import GENESIS, chain_hash
from shared.store.people import digest

AUDIT_ENTRIES: Final = "audit_entries"

ERASED: Final = "[…]"
"""What is told in place of a value that was erased."""

_APART: Final = ("actor", "on_behalf_of", "client", "origin", "subject")
"""Fields whose value may lie in ``people`` with its salt; the entry itself then holds the digest."""


_AT_TIMES_APART: Final = frozenset({"client", "subject"})

_RECORD: Final = re.compile(r"[a-z]+-[0-9a-f]{1,40}(?:/[a-z]+-[0-9a-f]{1,40})*")
"""Ids of records, which are nobody's. Any other subject may be a person's id."""


class Kind(StrEnum):
    """What an entry tells."""

    REFUSAL = "refusal"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded.

    ``actor``, ``on_behalf_of`` and ``client`` are opaque ids, null where nobody knew who called; ``origin``
    is the caller's network address (null: the entry stands for many). ``route`` is the template, never an
    address with its query; ``subject`` the id that it was about. ``reason`` is a stable word, ``status`` the
    answer's.
    """

    kind: Kind
    origin: str | None
    action: str
    route: str
    method: str
    reason: str
    status: int | None
    actor: str | None = None
    on_behalf_of: str | None = None
    client: str | None = None
    subject: str | None = None
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class Chain:
    """Makes the entries of one chain, in order."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or secrets.token_hex(10)
        self._number = 0
        self._hash = GENESIS

    def link(self, entry: Entry) -> Document:
        """The entry as it is stored, after the one that was linked before it."""
        self._number += 1
        made: Document = {
            "_id": entry_key(self.name, self._number),
            "chain": self.name,
            "number": self._number,
            **asdict(entry),
            "kind": entry.kind.value,
            "at": entry.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "previous": self._hash,
        }
        made["people"] = _set_apart(made, entry)
        made["hash"] = self._hash = chain_hash(made)
        return made


def entry_key(chain: str, number: int) -> str:
    """The ``_id`` of an entry."""
    return f"{chain}/{number}"


def _set_apart(made: Document, entry: Entry) -> list[dict[str, str]]:
    people: list[dict[str, str]] = []
    for name in _APART:
        value = made[name]
        # The pages are one program for everybody, but whoever calls without one is their own client.
        program = name == "client" and value != entry.actor
        if value is None or program or (name == "subject" and _RECORD.fullmatch(value)):
            continue
        salt = secrets.token_hex(16)
        made[name] = {"digest": digest(salt, value)}
        people.append({"path": name, "value": value, "salt": salt})
    return people


def put_together(stored: Document) -> Document:
    """The entry with its values; in place of one that was erased stands ``ERASED``."""
    values = {each["path"]: each["value"] for each in stored["people"]}
    told = {name: value for name, value in stored.items() if name != "people"}
    for name in _APART:
        if isinstance(told.get(name), dict):
            told[name] = values.get(name, ERASED)
    return told


async def prepare_trail(database: Database) -> None:
    """Make the indexes. Raises where MongoDB is away."""
    await database[AUDIT_ENTRIES].create_indexes(
        [
            IndexModel([("chain", 1), ("number", -1)], name="chain", unique=True),
            IndexModel([("at", -1), ("_id", -1)], name="at"),
            IndexModel([("subject", 1), ("at", -1), ("_id", -1)], name="record"),
            IndexModel([("people.value", 1), ("at", -1), ("_id", -1)], name="person"),
        ]
    )


async def heads(collection: Collection) -> AsyncIterator[Head]:
    """The last entry of each chain, as checkpoints note it: ``audit_entries/CHAIN``, 0, number, hash."""
    after = ""
    while True:
        last = await collection.find_one(
            {"chain": {"$gt": after}},
            {"chain": 1, "number": 1, "hash": 1},
            sort=[("chain", 1), ("number", -1)],
        )
        if last is None:
            return
        after = last["chain"]
        yield (f"{AUDIT_ENTRIES}/{after}", 0, last["number"], last["hash"])


async def entries(
    database: Database,
    where: Mapping[str, str],
    *,
    before: tuple[str, str] | None = None,
    limit: int = 50,
) -> list[Document]:
    """Up to ``limit`` entries, newest first, with their values (``put_together``).

    ``where`` holds exact values by field (``kind``, ``subject``, ``actor``, ``on_behalf_of``, ``client``,
    ``origin``, ``action``, ...) and ``since`` and ``until``, which bound ``at`` (UTC texts with milliseconds
    and ``Z``; ``until`` excluded). ``before`` is ``(at, _id)`` of the last entry of the page before.
    """
    every: list[Document] = []
    for name, value in where.items():
        if name in {"since", "until"}:
            every.append({"at": {"$gte" if name == "since" else "$lt": value}})
        elif name in _APART:
            apart = {"people": {"$elemMatch": {"path": name, "value": {"$eq": value}}}}
            every.append({"$or": [{name: {"$eq": value}}, apart]} if name in _AT_TIMES_APART else apart)
        else:
            every.append({name: {"$eq": value}})
    if before is not None:
        at, key = before
        every.append({"$or": [{"at": {"$lt": at}}, {"at": at, "_id": {"$lt": key}}]})
    query: dict[str, Any] = {"$and": every} if every else {}
    found = database[AUDIT_ENTRIES].find(query).sort([("at", -1), ("_id", -1)]).limit(limit)
    return [put_together(each) for each in await found.to_list(length=limit)]
