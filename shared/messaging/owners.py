"""The epochs of the owners that a service reads: the highest that was heard of each.

An owner that was restored from a backup begins a new epoch. From then on an event of a lower one counts only
from the owner's journal: on the live topic it may be one that the restore has undone.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from shared.store.driver import Database
from shared.store.setup import META

log = logging.getLogger("ponte.owners")

DOCUMENT = "owners"


class Owners:
    """Remembers epochs. ``rose`` is called before a higher one is remembered, and so again after a crash."""

    def __init__(self, database: Database, rose: Callable[[str, int], Awaitable[object]] | None) -> None:
        self._meta = database[META]
        self._rose = rose
        self._epochs: dict[str, int] = {}

    async def load(self) -> None:
        """Read what was remembered. Raises where MongoDB is away."""
        document = await self._meta.find_one({"_id": DOCUMENT}) or {}
        self._epochs = {name.replace("_", "."): epoch for name, epoch in document.get("epochs", {}).items()}

    def epoch(self, topic: str) -> int:
        """The highest epoch that was heard of the topic's owner."""
        return self._epochs.get(topic, 1)

    async def heard(self, topic: str, epoch: int) -> None:
        """The owner of ``topic`` says that it is in ``epoch``."""
        if epoch <= self.epoch(topic):
            return
        log.warning("%s is in epoch %d, no longer %d", topic, epoch, self.epoch(topic))
        if self._rose is not None:
            await self._rose(topic, epoch)
        await self._meta.update_one(
            {"_id": DOCUMENT}, {"$max": {f"epochs.{topic.replace('.', '_')}": epoch}}, upsert=True
        )
        self._epochs[topic] = epoch
