"""`ponte check --audit`: every event of every journal, and the chain that they make."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from shared.cli.drift import Finding, Owner, Progress, place_of
from shared.cli.merging import Source, side_by_side
from shared.store.audit import ChainAudit, shown
from shared.store.driver import forgiving
from shared.store.setup import JOURNAL

if TYPE_CHECKING:
    from shared.store.driver import Document

_STRETCH: Final = 200
_STRAYS: Final = 100
_ORDER: Final = [("subject", 1), ("epoch", 1), ("sequence", 1)]
_FIELDS: Final = ("epoch", "sequence", "head_hash", "outbox")


class Chains:
    """Every subject's events against their hashes, one another and the aggregate.

    A subject with a fault is looked at once more, in an order in which no command that goes on meanwhile
    looks like one: the journal's end, the aggregate, the journal up to there.
    """

    def __init__(self, owner: Owner) -> None:
        self.name = f"{owner.name}: events"
        self._owner = owner
        self._journal = forgiving(owner.database[JOURNAL])
        self._aggregates = [forgiving(owner.database[name]) for name in owner.role.aggregates]

    async def total(self) -> int:
        """As ``Part`` tells."""
        return sum([await each.count_documents({}) for each in self._aggregates])

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """By subject. Events of a subject that has no aggregate belong to the stretch in which they lie."""
        if not after:
            yield Progress(0, None, await self._strays())
        sources = [Source(each, _FIELDS) for each in self._aggregates]
        async for stretch in side_by_side(sources, after, limit=_STRETCH):
            aggregates = {subject: row for rows in stretch.rows for subject, row in rows.items()}
            findings: list[Finding] = []
            for subject in await self._suspects(aggregates, after, stretch.upto):
                findings += await self._look_again(subject)
            yield Progress(len(aggregates), stretch.upto, findings)
            after = stretch.upto or after

    async def _suspects(self, aggregates: "dict[str, Document]", after: str, upto: str | None) -> list[str]:
        bounds = {"$gt": after} if upto is None else {"$gt": after, "$lte": upto}
        audits = {subject: ChainAudit(subject, row) for subject, row in aggregates.items()}
        foreign: dict[str, None] = {}
        async for event in self._journal.find({"subject": bounds}).sort(_ORDER).batch_size(500):
            audit = audits.get(event["subject"])
            if audit is None:
                foreign[event["subject"]] = None
            else:
                audit.add(event)
        return [*foreign, *(subject for subject, audit in audits.items() if audit.faults())]

    async def _look_again(self, subject: str) -> list[Finding]:
        last = await self._journal.find_one({"subject": subject}, sort=[("epoch", -1), ("sequence", -1)])
        aggregate = await self._aggregate(subject)
        if aggregate is None:
            what = "has events in the journal but no aggregate"
            return [] if last is None else [self._finding(subject, "-", what)]
        before = ChainAudit(subject, aggregate)
        if last is not None:
            before.add(last)
        audit = ChainAudit(subject, aggregate)
        async for event in self._journal.find({"subject": subject}).sort(_ORDER):
            audit.add(event)
        found = [self._finding(subject, place, what) for place, what in audit.faults(whole=False)]
        if before.ahead is not None:
            what = f"the journal is ahead of the aggregate, which stands at {shown(place_of(aggregate))}"
            found.append(self._finding(subject, shown(before.ahead), what))
        return found

    async def _aggregate(self, subject: str) -> "Document | None":
        for each in self._aggregates:
            found = await each.find_one({"_id": subject}, dict.fromkeys(_FIELDS, 1))
            if found is not None:
                return found
        return None

    async def _strays(self) -> list[Finding]:
        """Events whose subject is no text belong to nobody and would never be met."""
        where = {"subject": {"$not": {"$type": "string"}}}
        rows = await self._journal.find(where, {"_id": 1}).limit(_STRAYS).to_list()
        return [self._finding(str(row["_id"]), "-", "is an event without a subject") for row in rows]

    def _finding(self, subject: str, place: str, what: str) -> Finding:
        return Finding(self.name, subject, place, what)
