"""The ledger of erasures: who was erased, when and why, without saying who it was.

It is what an erasure goes on from after a crash, and what a restore applies again. Names are kept in the
stored form of ``needle.Needle`` only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.privacy.needle import Needle
from shared.privacy.redacting import Sought
from shared.store.driver import Collection, Database, Document, DuplicateKeyError
from shared.store.setup import ERASURES

LATE: Final = timedelta(days=60)
"""Twice as long as topics keep a message."""
DONE_FIELDS: Final = ("subjects", "events", "values", "letters", "documents")


class State(StrEnum):
    """How far an erasure is."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    """The request was refused on a legal ground; nothing was erased."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody's request. ``records``: only these subjects; without name and id whoever is a person there."""

    erasure_id: str
    at: datetime
    actor: str
    on_behalf_of: str | None
    reason: str
    names: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    records: tuple[str, ...] = ()


class Ledger:
    """The ledger of one service; ``epoch`` is the one in which it works now."""

    def __init__(self, database: Database, epoch: int) -> None:
        self.rows: Collection = database[ERASURES]
        self.epoch = epoch

    async def prepare(self) -> None:
        """Make the indexes."""
        await self.rows.create_index([("state", 1)], name="state")
        await self.rows.create_index([("at", -1)], name="at")

    async def accept(self, asked: Asked, *, ground: str | None = None) -> Document:
        """The row of this request: a new one, or the one that it has made before.

        With ``ground``, a legal ground, the request is refused. Raises ``BadName``, and ``OtherRequest``
        where the id stands for another one.
        """
        there = await self.rows.find_one({"_id": asked.erasure_id})
        if there is None:
            needle = Needle.of(asked.names)
            row = _row(asked, needle, ground, self.epoch)
            try:
                await self.rows.insert_one(row)
            except DuplicateKeyError:
                there = await self.rows.find_one({"_id": asked.erasure_id})
            else:
                return row
        assert there is not None
        if not _same(there, asked, ground):
            raise OtherRequest(asked.erasure_id)
        return there

    async def get(self, erasure_id: str) -> Document | None:
        """The row; null: there is none."""
        return await self.rows.find_one({"_id": erasure_id})

    async def waiting(self) -> list[Document]:
        """Those that are not done, the oldest first."""
        found = self.rows.find({"state": {"$in": [State.ACCEPTED, State.RUNNING]}}).sort("at", 1)
        return await found.limit(100).to_list(length=100)

    async def of_before(self) -> list[Document]:
        """Those that were applied in an earlier epoch: a restore may have brought back what they took."""
        found = self.rows.find({"state": {"$ne": State.REFUSED}, "epoch": {"$lt": self.epoch}}).sort("at", 1)
        return await found.to_list()

    async def applied(self, row: Document) -> None:
        """What a restore has brought back is gone again; once all runs, it is looked at once more."""
        await self.rows.update_one(
            {"_id": row["_id"]},
            {"$set": {"epoch": self.epoch, "state": State.ACCEPTED}, "$inc": {"asked": 1}},
        )

    async def begin(self, row: Document) -> None:
        """It is being carried out."""
        await self.rows.update_one({"_id": row["_id"]}, {"$set": {"state": State.RUNNING}})

    async def count(self, erasure_id: str, done: dict[str, int], kept: Sequence[str] = ()) -> None:
        """Add what was done, and where something had to stay (``kept``, at most 100)."""
        change: Document = {}
        if counted := {name: number for name, number in done.items() if number}:
            change["$inc"] = counted
        if kept:
            change["$addToSet"] = {"kept": {"$each": list(kept)[:100]}}
        if change:
            await self.rows.update_one({"_id": erasure_id}, change)

    async def waits_for(self, erasure_id: str, what: str | None) -> None:
        """Say what it waits for; null: for nothing."""
        await self.rows.update_one({"_id": erasure_id}, {"$set": {"waits_for": what}})

    async def end(self, row: Document) -> bool:
        """It is done, unless it was asked for again since ``row`` was read."""
        written = await self.rows.update_one(
            {"_id": row["_id"], "asked": row["asked"]},
            {
                "$set": {
                    "state": State.DONE,
                    "epoch": self.epoch,
                    "done_at": datetime.now(UTC),
                    "waits_for": None,
                }
            },
        )
        return bool(written.matched_count)

    async def again(self, erasure_id: str) -> None:
        """Look once more: what was under way may have brought back what was erased."""
        await self.rows.update_one(
            {"_id": erasure_id, "state": {"$ne": State.REFUSED}},
            {"$set": {"state": State.ACCEPTED}, "$inc": {"asked": 1}},
        )


class OtherRequest(Exception):
    """The same id came with other people."""


def is_of_whole_records(row: Document) -> bool:
    """Whether everybody in some records is meant, and not somebody by name or id."""
    return bool(row["records"]) and not row["needles"] and not row["person_ids"]


def sought(row: Document) -> Sought:
    """Whom a row is about, by name and id."""
    return Sought(Needle.kept(row["needles"]), frozenset(row["person_ids"]))


async def sought_lately(database: Database) -> Sought:
    """Everybody whom this service has erased since the oldest message that a topic still holds."""
    needle, ids = Needle(()), frozenset[str]()
    since = datetime.now(UTC) - LATE
    # Who was erased from some records only may stand in others.
    late = {"at": {"$gte": since}, "state": {"$ne": State.REFUSED}, "records": []}
    async for row in database[ERASURES].find(late):
        each = sought(row)
        needle, ids = needle + each.needle, ids | each.person_ids
    return Sought(needle, ids)


def _row(asked: Asked, needle: Needle, ground: str | None, epoch: int) -> Document:
    everybody = Sought(needle, frozenset(asked.person_ids))
    row: Document = {
        "_id": asked.erasure_id,
        "at": asked.at,
        "actor": asked.actor,
        "on_behalf_of": asked.on_behalf_of,
        # A reason easily names the person; the ledger is kept for ever.
        "reason": everybody.without(asked.reason),
        "needles": needle.stored(),
        "person_ids": list(asked.person_ids),
        "records": list(asked.records),
        "state": State.ACCEPTED if ground is None else State.REFUSED,
        "epoch": epoch,
        "asked": 1,
        "waits_for": None,
        "kept": [],
        **dict.fromkeys(DONE_FIELDS, 0),
    }
    if ground is not None:
        row["ground"] = everybody.without(ground)
    return row


def _same(row: Document, asked: Asked, ground: str | None) -> bool:
    return (
        (row["state"] == State.REFUSED) == (ground is not None)
        and Needle.kept(row["needles"]).same_as(asked.names)
        and row["person_ids"] == list(asked.person_ids)
        and row["records"] == list(asked.records)
    )
