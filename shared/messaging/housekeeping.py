"""What is left to do for generations that are no longer read: the last rows, then the collections."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import chain

from shared.messaging.coverage import EXPECTED
from shared.messaging.generations import DOCUMENT, MARKS, Completes, Generation, Generations
from shared.store.driver import AWAY, Database, Document
from shared.store.setup import META

log = logging.getLogger("ponte.rebuild")

TURN_S = 1.0
KEEP_S = 60.0
"""So long after the switch the old generation is kept for replicas that have not noticed."""
SWEEP_S = 60.0
"""A replica that was stopped in the middle of a write may make a dropped collection again."""


class Housekeeping:
    """Runs in every replica; whatever it does may be done by several at once."""

    def __init__(self, database: Database, generations: Generations) -> None:
        self._database = database
        self._meta = database[META]
        self._generations = generations
        self._swept_at = 0.0

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.turn()
            except AWAY as error:
                log.warning("old generations wait for mongodb: %s", type(error).__name__)
            except Exception:
                log.exception("an old generation could not be put away")
            await asyncio.sleep(TURN_S)

    async def turn(self) -> None:
        """Number the rows that came late; put the old generation away when its time has come."""
        document = await self._generations.document()
        previous = document.get("previous")
        if previous is not None:
            await self._complete(Generation(previous["number"]))
            await self._retire(previous["number"])
        if document["retired"] and time.monotonic() - self._swept_at > SWEEP_S:
            self._swept_at = time.monotonic()
            await self._sweep(document)

    async def _complete(self, previous: Generation) -> None:
        """A replica that noticed the switch late has fed the new generation as if it were being built."""
        live = (await self._generations.load())[0]
        for view in live.projections:
            while isinstance(view, Completes) and await view.complete(previous):
                pass

    async def _retire(self, number: int) -> None:
        """By the server's clock."""
        retired = await self._meta.update_one(
            {
                "_id": DOCUMENT,
                "previous.number": number,
                "$expr": {"$lt": ["$previous.at", {"$subtract": ["$$NOW", int(KEEP_S * 1000)]}]},
            },
            {"$unset": {"previous": ""}, "$addToSet": {"retired": number}},
        )
        if retired.matched_count:
            self._swept_at = 0.0

    async def _sweep(self, document: Document) -> None:
        """Drop whatever there is of retired generations, and what was expected of those that are live."""
        names = set(await self._database.list_collection_names())
        gone = {EXPECTED + Generation(document["live"]).suffix}
        for number in document["retired"]:
            gone.update(self._collections(Generation(number), names))
        for name in sorted(gone & names):
            await self._database[name].drop()

    def _collections(self, generation: Generation, names: set[str]) -> set[str]:
        if generation.number > 1:
            return {name for name in names if name.endswith(generation.suffix)}
        both = (self._generations.collections(generation, histories=each) for each in (True, False))
        return {MARKS, EXPECTED, *chain.from_iterable(both)}
