"""Collections side by side in the order of their ``_id``, a stretch at a time: flat in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from shared.store.driver import Collection, Document

STRETCH: Final = 1000


@dataclass
class Source:
    """One collection, or the part of it that ``where`` lets through, with the fields that matter."""

    collection: "Collection"
    fields: Sequence[str] = ()
    where: Mapping[str, Any] = field(default_factory=dict)

    async def behind(self, after: str, limit: int) -> "list[Document]":
        """The next documents, in order."""
        query = {"$and": [self.where, {"_id": {"$gt": after}}]} if self.where else {"_id": {"$gt": after}}
        fields = dict.fromkeys(self.fields or ("_id",), 1)
        return await self.collection.find(query, fields).sort("_id", 1).limit(limit).to_list(length=limit)


@dataclass(frozen=True)
class Stretch:
    """The documents of each source up to ``upto`` (null: to the end)."""

    upto: str | None
    rows: "list[dict[str, Document]]"


async def side_by_side(
    sources: Sequence[Source], after: str = "", *, limit: int = STRETCH
) -> AsyncIterator[Stretch]:
    """Stretches behind ``after``; each holds what every source has between the same two ids."""
    waiting: list[list[Document]] = [[] for _ in sources]
    reached = [after for _ in sources]
    ended = [False for _ in sources]
    while True:
        for number, source in enumerate(sources):
            if not waiting[number] and not ended[number]:
                rows = await source.behind(reached[number], limit)
                ended[number] = len(rows) < limit
                waiting[number] = rows
                reached[number] = rows[-1]["_id"] if rows else reached[number]
        ends = [rows[-1]["_id"] for rows, over in zip(waiting, ended, strict=True) if not over]
        upto = min(ends) if ends else None
        taken: list[dict[str, Document]] = []
        for number, rows in enumerate(waiting):
            cut = next(
                (at for at, row in enumerate(rows) if upto is not None and row["_id"] > upto), len(rows)
            )
            taken.append({row["_id"]: row for row in rows[:cut]})
            waiting[number] = rows[cut:]
        yield Stretch(upto, taken)
        if upto is None:
            return
