"""`ponte check --audit`: the chain of checkpoints, their signatures, and whether what they noted is there."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shared.cli.drift import Finding, Owner, Progress
from shared.store.checkpoints import CHECKPOINTED, CHECKPOINTS, PublicKeys, checkpoint_faults
from shared.store.driver import forgiving
from shared.store.events import event_key
from shared.store.setup import JOURNAL, META
from shared.store.trail import AUDIT_ENTRIES

if TYPE_CHECKING:
    from shared.store.driver import Document

_EACH: Final = 20
_CHUNK: Final = 500
_TRAIL: Final = f"{AUDIT_ENTRIES}/"


class Checkpoints:
    """Every checkpoint of an owner, in order, against the one before it, the keys and the journal."""

    def __init__(self, owner: Owner, keys: PublicKeys) -> None:
        self.name = f"{owner.name}: checkpoints"
        self._owner = owner
        self._keys = keys
        self._checkpoints = forgiving(owner.database[CHECKPOINTS])
        self._noted = forgiving(owner.database[CHECKPOINTED])
        self._journal = forgiving(owner.database[JOURNAL])
        self._entries = forgiving(owner.database[AUDIT_ENTRIES])

    async def total(self) -> int:
        """As ``Part`` tells."""
        return await self._checkpoints.count_documents({})

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """By number; ``after`` is that of a checkpoint that has been looked at."""
        number = int(after or 0)
        before = await self._checkpoints.find_one({"_id": number}, {"heads": 0}) if number else None
        while True:
            found = self._checkpoints.find({"_id": {"$gt": number}}).sort("_id", 1)
            rows = await found.limit(_EACH).to_list(length=_EACH)
            for row in rows:
                yield Progress(1, str(int(row["_id"])), await self._faults(row, before))
                before, number = row, row["_id"]
            if len(rows) < _EACH:
                break
        findings = [
            Finding(
                self.name, row["_id"], "-", f"is noted for checkpoint {row.get('number')}, which is not there"
            )
            for row in await self._noted.find({"number": {"$not": {"$gte": 1, "$lte": number}}}).to_list()
            if not await self._is_there(row)
        ]
        yield Progress(0, None, findings)

    async def _is_there(self, row: "Document") -> bool:
        """A checkpoint that was written meanwhile."""
        return await self._checkpoints.find_one({"_id": row.get("number")}, {"_id": 1}) is not None

    async def _faults(self, checkpoint: "Document", before: "Document | None") -> list[Finding]:
        number = str(checkpoint["_id"])
        faults = checkpoint_faults(checkpoint, before, service=self._owner.name, keys=self._keys)
        found = [Finding(self.name, "checkpoint", number, what) for what in faults]
        heads = [head for head in checkpoint.get("heads") or [] if _is_head(head)]
        for start in range(0, len(heads), _CHUNK):
            found += await self._missing(heads[start : start + _CHUNK], checkpoint)
        noted = {head[0]: head[1:] for head in heads}
        async for row in self._noted.find({"number": checkpoint["_id"]}):
            if noted.get(row["_id"]) != row.get("head"):
                found.append(
                    Finding(self.name, str(row["_id"]), "-", f"is not noted so by checkpoint {number}")
                )
        return found

    async def _missing(self, heads: "Sequence[Sequence[object]]", checkpoint: "Document") -> list[Finding]:
        """Journal, outboxes, journal: an event moves from an outbox to the journal and never back."""
        left = {_key(head): head for head in heads}
        other: dict[str, object] = {}
        for look in (self._in_trail, self._in_journal, self._in_outboxes, self._in_journal):
            hashes = await look(left) if left else {}
            other |= {key: found for key, found in hashes.items() if found != left[key][3]}
            left = {key: head for key, head in left.items() if hashes.get(key) != head[3]}
        when = f"checkpoint {checkpoint['_id']} of {checkpoint.get('time')}"
        return [
            Finding(
                self.name,
                str(head[0]),
                f"{head[1]}/{head[2]}",
                f"has another hash than in {when}" if key in other else f"was there at {when} and is gone",
            )
            for key, head in left.items()
        ]

    async def _in_trail(self, wanted: "dict[str, Sequence[object]]") -> dict[str, object]:
        ids = [key.removeprefix(_TRAIL) for key in wanted if key.startswith(_TRAIL)]
        rows = await self._entries.find({"_id": {"$in": ids}}, {"hash": 1}).to_list() if ids else []
        return {_TRAIL + row["_id"]: row.get("hash") for row in rows}

    async def _in_journal(self, wanted: "dict[str, Sequence[object]]") -> dict[str, object]:
        rows = await self._journal.find({"_id": {"$in": list(wanted)}}, {"hash": 1}).to_list()
        return {row["_id"]: row.get("hash") for row in rows}

    async def _in_outboxes(self, wanted: "dict[str, Sequence[object]]") -> dict[str, object]:
        subjects = [head[0] for head in wanted.values()]
        found: dict[str, object] = {}
        for name in self._owner.role.aggregates:
            query = {"_id": {"$in": subjects}, "outbox._id": {"$in": list(wanted)}}
            async for row in self._owner.database[name].find(query, {"outbox._id": 1, "outbox.hash": 1}):
                found |= {each["_id"]: each["hash"] for each in row["outbox"] if each["_id"] in wanted}
        return found


def _key(head: "Sequence[object]") -> str:
    """Under which id what was noted is stored; an entry of the trail with ``_TRAIL`` before it."""
    subject, number = str(head[0]), _int(head[2])
    return f"{subject}/{number}" if subject.startswith(_TRAIL) else event_key(subject, _int(head[1]), number)


def _is_head(head: object) -> bool:
    return isinstance(head, list) and len(head) == 4 and all(isinstance(part, int) for part in head[1:3])


def _int(value: object) -> int:
    assert isinstance(value, int)  # as ``_is_head`` has seen
    return value


class Witness:
    """The last checkpoint of each owner that this person's earlier audits have seen.

    It lies outside the database: also one that was put back whole, checkpoints and all, is noticed.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: dict[str, Document] = {}
        try:
            told = json.loads(file.read_text())
            self._seen = {
                str(name): {"_id": int(row["_id"]), "epoch": int(row["epoch"]), "digest": str(row["digest"])}
                for name, row in told.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return

    async def compare(self, owner: Owner) -> tuple[list[Finding], list[str]]:
        """What is wrong, and what is to be told; from then on today's last checkpoint is the one seen."""
        checkpoints = forgiving(owner.database[CHECKPOINTS])
        last = await checkpoints.find_one({}, {"heads": 0}, sort=[("_id", -1)])
        meta = await owner.database[META].find_one({"_id": "epoch"})
        epoch = int(meta["epoch"]) if meta else 0
        findings: list[Finding] = []
        told: list[str] = []
        seen = self._seen.get(owner.name)
        if seen is not None:
            there = await checkpoints.find_one({"_id": seen["_id"]}, {"digest": 1})
            if there is None or there.get("digest") != seen["digest"]:
                if epoch > seen["epoch"]:
                    told.append(
                        f"{owner.name}: restored to an earlier state at epoch {epoch}: checkpoint "
                        f"{seen['_id']} of epoch {seen['epoch']}, which an earlier audit saw, was after it"
                    )
                else:
                    what = "an earlier audit saw it with the same epoch; it is gone or another one now"
                    findings.append(
                        Finding(f"{owner.name}: checkpoints", "checkpoint", str(seen["_id"]), what)
                    )
        if last is None:
            told.append(f"{owner.name}: no checkpoint yet: an end that was cut off would not be found")
            return findings, told
        if not findings and isinstance(last["_id"], int):
            self._seen[owner.name] = {"_id": last["_id"], "epoch": epoch, "digest": str(last.get("digest"))}
        told.append(
            f"{owner.name}: last checkpoint {last['_id']} of {last.get('time')}, {last.get('digest')}"
        )
        return findings, told

    def save(self) -> None:
        """Whole or not at all."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(self._seen))
        new.replace(self._file)


async def unsigned_end(owner: Owner) -> int | None:
    """The number of the last checkpoint where it is not signed: no signature covers it then."""
    last = await owner.database[CHECKPOINTS].find_one({}, {"signature": 1}, sort=[("_id", -1)])
    return last["_id"] if last is not None and last.get("signature") is None else None


async def restores(owner: Owner) -> list[str]:
    """In words: the restores that the checkpoints tell of."""
    rows = await owner.database[CHECKPOINTS].find({}, {"epoch": 1, "time": 1}).sort("_id", 1).to_list()
    return [
        f"{owner.name}: restored to an earlier state at epoch {row.get('epoch')}, between checkpoint "
        f"{before['_id']} of {before.get('time')} and {row['_id']} of {row.get('time')}"
        for before, row in pairwise(rows)
        if row.get("epoch") != before.get("epoch")
    ]
