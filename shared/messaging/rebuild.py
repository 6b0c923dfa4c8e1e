"""Builds a new generation of a service's views from the owners' journals, and switches to it.

A task of every replica; a lease in the generation document, by the server's time, lets one of them work and
another take over. All that it has reached stands in that document, so nothing is begun again after a crash:

- *reading*: the pages of each owner's journal are asked for on ``ponte.republish``. Whichever replica reads
  the mark of a page's end remembers what has to be there (``expected<suffix>``) and asks on.
- *checking*: until the new marks cover what was expected and what the old generation had. An owner whose
  epoch has risen is covered by its own list alone: what a restore undid does not come back.
- *numbering*: the views put in order what needs the whole (``complete``).

Then one write of the document makes the new generation live. The old one is dropped a while later.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from shared.messaging.coverage import Coverage, Place
from shared.messaging.generations import (
    DOCUMENT,
    FIRST_EPOCH,
    Completes,
    Generation,
    Generations,
    Target,
    key_of,
)
from shared.messaging.housekeeping import Housekeeping
from shared.messaging.pages import Pages
from shared.messaging.producer import Producer
from shared.messaging.republish import Page
from shared.messaging.tasks import end
from shared.store.driver import AWAY, Database, Document, ReturnDocument
from shared.store.setup import META

log = logging.getLogger("ponte.rebuild")

LEASE_S = 6.0
RENEW_S = 1.0
IDLE_S = 0.2
SETTLED_S = 10.0
"""Two switches are so far apart at least: by then nobody reads the generation before the last."""
FEW = 1000
"""So many rows that came while the others were numbered are left for after the switch."""


class Rebuilder:
    """The coordinator of one service's rebuilds; ``topics`` are those that its views are built from.

    ``switched`` is called when a new generation has become live: an event that came while it was built, ahead
    of one that was still on its way from a journal, is in the views, and its subject's mark lies below it.
    """

    def __init__(
        self,
        database: Database,
        generations: Generations,
        producer: Producer,
        *,
        service: str,
        topics: Sequence[str],
        topic_prefix: str = "",
        switched: Callable[[], None] = lambda: None,
    ) -> None:
        self.token = uuid.uuid4().hex
        self._database = database
        self._meta = database[META]
        self._generations = generations
        self._pages = Pages(
            database, generations, producer, service=service, topics=topics, topic_prefix=topic_prefix
        )
        self._switched = switched
        self._housekeeping = Housekeeping(database, generations)
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin in the background to look for requests and for what is left of old generations."""
        for work in (self._run(), self._housekeeping.run()):
            self._tasks.add(asyncio.create_task(work))

    async def stop(self) -> None:
        """End at once: another replica, or this one when it is back, goes on from where it stands."""
        for task in list(self._tasks):
            await end(task)
        await self._pages.stop()

    async def on_page(self, page: Page) -> None:
        """The mark of a page's end was read. Raises where MongoDB is away: it has to be read again."""
        await self._pages.on_page(page)

    # One of the replicas at a time

    async def _run(self) -> None:
        while True:
            try:
                building = (await self._generations.document()).get("building")
                if building is not None and await self._claim(building["number"]):
                    await self._build_with_lease(building["number"])
            except AWAY as error:
                log.warning("the rebuild waits for mongodb: %s", type(error).__name__)
            except Exception:
                log.exception("the rebuild failed; it is taken up again from where it stands")
            await asyncio.sleep(IDLE_S)

    async def _claim(self, number: int) -> Document | None:
        """Take or keep the lease; null: another replica has it, or that generation is no longer being built.

        By the server's clock; the poll is no upsert.
        """
        document = await self._meta.find_one_and_update(
            {
                "_id": DOCUMENT,
                "building.number": number,
                "$or": [
                    {"building.lease.token": self.token},
                    {"building.lease": {"$exists": False}},
                    {"$expr": {"$lt": ["$building.lease.at", {"$subtract": ["$$NOW", int(LEASE_S * 1000)]}]}},
                ],
            },
            {
                "$set": {"building.lease.token": self.token},
                "$currentDate": {"building.lease.at": True},
            },
            return_document=ReturnDocument.AFTER,
        )
        return document["building"] if document else None

    async def _build_with_lease(self, number: int) -> None:
        work = asyncio.create_task(self._build(number))
        try:
            while not work.done():
                await asyncio.wait([work], timeout=RENEW_S)
                if not work.done() and await self._claim(number) is None:
                    log.warning("generation %d is no longer built here", number)
                    return
            work.result()
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await work

    async def _build(self, number: int) -> None:
        building = await self._claim(number)
        if building is None:
            return
        log.warning(
            "building generation %d of the views: %s (%s)", number, building["reason"], building["stage"]
        )
        if building["stage"] == "reading":
            await self._pages.read_all(number)
            await self._enter(number, "checking")
        document = await self._generations.document()
        if "building" not in document:
            return
        await self._check(document)
        await self._enter(number, "numbering")
        target = await self._target(number)
        while target is not None and await _complete(target, Generation(document["live"])) > FEW:
            pass
        await self._switch(number)

    async def _check(self, document: Document) -> None:
        """Wait for what is on its way and ask for what is not, until nothing is missing."""
        building = document["building"]
        known: Mapping[str, int] = document.get("epochs", {})
        unchanged = [
            topic
            for topic in self._pages.topics
            if building["epochs"].get(key_of(topic), FIRST_EPOCH) <= known.get(key_of(topic), FIRST_EPOCH)
        ]
        coverage = Coverage(
            self._database, Generation(building["number"], building=True), Generation(document["live"])
        )

        async def ask(topic: str, places: Sequence[Place]) -> None:
            await self._pages.ask_for(building["number"], topic, places)

        await coverage.expected(ask)
        await coverage.of_old(unchanged, ask)

    async def _target(self, number: int) -> Target | None:
        for target in await self._generations.load():
            if target.generation == Generation(number, building=True):
                return target
        return None

    async def _enter(self, number: int, stage: str) -> None:
        await self._meta.update_one(
            {"_id": DOCUMENT, "building.number": number, "building.lease.token": self.token},
            {"$set": {"building.stage": stage}},
        )

    async def _switch(self, number: int) -> None:
        """One write: from now on the new generation is read, by each replica as soon as it looks."""
        while True:
            document = await self._generations.document()
            building = document.get("building")
            if building is None or building["number"] != number:
                return
            if await self._write_switch(document, building):
                log.warning("generation %d of the views is live", number)
                self._switched()
                await self._housekeeping.turn()
                return
            await asyncio.sleep(IDLE_S)

    async def _write_switch(self, document: Document, building: Document) -> bool:
        previous = document.get("previous", {}).get("number")
        settled = {"$lt": ["$previous.at", {"$subtract": ["$$NOW", int(SETTLED_S * 1000)]}]}
        switched = await self._meta.update_one(
            {
                "_id": DOCUMENT,
                "live": document["live"],
                "building.number": building["number"],
                "building.lease.token": self.token,
                **({"previous.number": previous, "$expr": settled} if previous is not None else {}),
                **({"previous": {"$exists": False}} if previous is None else {}),
            },
            {
                "$set": {
                    "live": building["number"],
                    "epochs": building["epochs"],
                    "previous.number": document["live"],
                    "last": {
                        "number": building["number"],
                        "reason": building["reason"],
                        "requested_at": building["requested_at"],
                        "sources": building["sources"],
                    },
                },
                "$unset": {"building": ""},
                "$currentDate": {"previous.at": True},
                **({"$addToSet": {"retired": previous}} if previous is not None else {}),
            },
        )
        return bool(switched.matched_count)


async def _complete(target: Target, previous: Generation) -> int:
    """Let the views put in order what has come; how many rows that were."""
    return sum([await view.complete(previous) for view in target.projections if isinstance(view, Completes)])
