"""Takes out of the feed's rows what an erasure says that their events have lost."""

from __future__ import annotations

from collections.abc import Sequence

from shared.contracts.base import EventData, PersonErased
from shared.contracts.registry import BY_TYPE
from shared.messaging import Received
from shared.messaging.scrubs import Scrubs
from shared.privacy.redacting import narrowed
from shared.privacy.sweeping import note_narrowed
from shared.store.driver import Collection, Database, Document, UpdateOne
from shared.store.events import event_key


class Narrowing:
    """Of one feed. What erasures tell has been noted before their events come here."""

    def __init__(self, database: Database, feed: Collection) -> None:
        self._database = database
        self._feed = feed
        self._scrubs = Scrubs(database)

    async def before(self, events: Sequence[Received[EventData]], rows: Sequence[Document]) -> None:
        """Narrow what is stored and the new ``rows``, before the erasures among ``events`` are shown."""
        subjects = {event.subject for event in events if isinstance(event.data, PersonErased)}
        if not subjects:
            return
        paths = await self._paths(subjects)
        for row in rows:
            narrowed(BY_TYPE.get(row["type"]), row["data"], paths.get(row["_id"], ()))
        await self._narrow(paths)

    async def after(self, rows: Sequence[Document]) -> None:
        """Narrow those of ``rows``, which are stored now, that came later than the erasure."""
        paths = await self._paths({row["subject"] for row in rows})
        late = {row["_id"]: paths[row["_id"]] for row in rows if row["_id"] in paths}
        if late:
            await self._narrow(late)

    async def _paths(self, subjects: set[str]) -> dict[str, list[str]]:
        """By the rows' ids."""
        found = await self._scrubs.of(subjects)
        return {
            event_key(subject, *place): paths
            for subject, places in found.items()
            for place, paths in places.items()
        }

    async def _narrow(self, paths: dict[str, list[str]]) -> None:
        shown = {"type": 1, "data": 1}
        rows = await self._feed.find({"_id": {"$in": list(paths)}}, shown).to_list()
        updates = [
            UpdateOne({"_id": row["_id"]}, {"$set": {"data": row["data"]}})
            for row in rows
            if narrowed(BY_TYPE.get(row["type"]), row["data"], paths[row["_id"]])
        ]
        if updates:
            await self._feed.bulk_write(updates, ordered=False)
            await note_narrowed(self._database)
