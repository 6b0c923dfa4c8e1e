"""What erasures have taken out of other units' events, for whatever of them comes late.

It is noted before anything that is there is narrowed, and whoever stores an event looks here *after* storing
it: one of the two always sees the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.contracts.base import EventData, PersonErased
from shared.messaging.envelope import Received
from shared.store.driver import BulkWriteError, Database
from shared.store.events import event_key
from shared.store.lifting import only_duplicates
from shared.store.setup import SCRUBS

Place = tuple[int, int]
Narrow = dict[str, dict[Place, list[str]]]
"""By subject and place, the paths in the event's data whose values are gone."""


class Scrubs:
    """The scrubs that one service has heard of."""

    def __init__(self, database: Database) -> None:
        self._scrubs = database[SCRUBS]

    async def prepare(self) -> None:
        """Make the indexes."""
        await self._scrubs.create_index([("subject", 1)], name="subject")

    async def note(self, events: Sequence[Received[EventData]]) -> None:
        """Keep what the erasures among ``events`` tell; each is known once. Majority, with journal."""
        rows = {
            key: {
                "_id": key,
                "subject": event.subject,
                "scrubbed": [[each.epoch, each.sequence, each.path] for each in event.data.scrubbed],
            }
            for event in events
            if isinstance(event.data, PersonErased)
            and (key := event_key(event.subject, event.epoch, event.sequence))
        }
        if rows:
            try:
                await self._scrubs.insert_many(list(rows.values()), ordered=False)
            except BulkWriteError as error:
                only_duplicates(error)

    async def of(self, subjects: Iterable[str]) -> Narrow:
        """All that is known of ``subjects``."""
        found: Narrow = {}
        rows = await self._scrubs.find({"subject": {"$in": list(subjects)}}).to_list()
        for row in rows:
            places = found.setdefault(row["subject"], {})
            for epoch, sequence, path in row["scrubbed"]:
                places.setdefault((epoch, sequence), []).append(path)
        return found
