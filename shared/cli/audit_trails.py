"""`ponte check --audit`: every entry of a service's trail, chain by chain."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from shared.cli.drift import Finding, Owner, Progress
from shared.store.driver import forgiving
from shared.store.trail import AUDIT_ENTRIES
from shared.store.trail_audit import TrailAudit

if TYPE_CHECKING:
    from shared.store.driver import Document

_STRETCH: Final = 500
_STRAYS: Final = 100


class Trails:
    """The chains of refusals and readings. Their ends are known to the checkpoints alone."""

    def __init__(self, owner: Owner) -> None:
        self.name = f"{owner.name}: trail"
        self._entries = forgiving(owner.database[AUDIT_ENTRIES])

    async def total(self) -> int:
        """As ``Part`` tells."""
        return await self._entries.count_documents({})

    async def run(self, after: str) -> AsyncIterator[Progress]:
        """By chain. One that was looked at in part begins anew."""
        if not after:
            yield Progress(0, None, await self._strays())
        while True:
            following = await self._entries.find_one(
                {"chain": {"$gt": after}}, {"chain": 1}, sort=[("chain", 1), ("number", -1)]
            )
            if following is None:
                return
            chain = following["chain"]
            audit, done, findings = TrailAudit(), 0, list[Finding]()
            async for entry in self._entries.find({"chain": chain}).sort("number", 1).batch_size(_STRETCH):
                findings += self._findings(entry, audit.add(entry))
                done += 1
                if done == _STRETCH:
                    yield Progress(done, None, findings)
                    done, findings = 0, []
            yield Progress(done, chain, findings)
            after = chain

    def _findings(self, entry: "Document", faults: list[str]) -> list[Finding]:
        place = str(entry.get("number"))
        return [Finding(self.name, str(entry.get("chain")), place, what) for what in faults]

    async def _strays(self) -> list[Finding]:
        """Entries whose chain is no name would never be met."""
        where = {"$or": [{"chain": {"$not": {"$type": "string"}}}, {"chain": ""}]}
        rows = await self._entries.find(where, {"_id": 1}).limit(_STRAYS).to_list()
        return [Finding(self.name, str(row["_id"]), "-", "belongs to no chain") for row in rows]
