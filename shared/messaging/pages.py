"""Reads the owners' journals page by page for a generation that is being built.

Pages are asked for on ``ponte.republish``, several with one question, and answered on the service's own
replay topic: so the next are on their way while one is stored. Whichever replica reads the mark of a page's
end remembers what has to be there, and asks for more after the last of those that were asked for. How far
each source is stands in the generation document. The marks of one source come in the order of its pages,
for they have one key; one that comes out of turn (a page was asked for twice) is passed over.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress

from shared.messaging.coverage import EXPECTED, Place
from shared.messaging.generations import (
    DOCUMENT,
    FIRST_EPOCH,
    Generation,
    Generations,
    begin_anew,
    build_of,
    key_of,
    request_id,
)
from shared.messaging.producer import Producer
from shared.messaging.republish import REQUEST_TYPE, Page, PageOf, Request, message
from shared.messaging.topics import REPUBLISH
from shared.store.driver import Database, Document
from shared.store.setup import META

log = logging.getLogger("ponte.rebuild")

AGAIN_S = 10.0
"""A page whose mark has not come for so long is asked for again."""
PAGE = 2000
AT_ONCE = 16
"""Pages that one question asks for: so many times 1.5 MB at most wait on the replay topic."""
LOOK_S = 0.1


class Pages:
    """The pages of the journals behind ``topics``, as ``service`` asks for them."""

    def __init__(
        self,
        database: Database,
        generations: Generations,
        producer: Producer,
        *,
        service: str,
        topics: Sequence[str],
        topic_prefix: str = "",
    ) -> None:
        self.topics = tuple(topics)
        self._database = database
        self._meta = database[META]
        self._generations = generations
        self._producer = producer
        self._service = service
        self._to = topic_prefix + REPUBLISH
        self._tasks: set[asyncio.Task[None]] = set()

    async def stop(self) -> None:
        """End what is being sent in the background."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def read_all(self, number: int) -> None:
        """Until the last page of every source has been read."""
        waits: dict[str, tuple[int, float, float]] = {}
        while True:
            building = (await self._generations.document()).get("building")
            if building is None or building["number"] != number:
                return
            sources: Mapping[str, Document] = building["sources"]
            for topic in self.topics:
                source = sources.get(key_of(topic))
                if source is None:
                    await self._begin_source(number, topic)
                    waits[topic] = (1, time.monotonic(), AGAIN_S)
                    await self._ask(number, topic, 1, None)
                elif not source["done"]:
                    page, since, wait = waits.get(topic, (0, 0.0, 0.0))
                    if page != source["page"]:
                        waits[topic] = (source["page"], time.monotonic(), AGAIN_S)
                    elif time.monotonic() - since > wait:
                        # An owner that is away finds few copies of the question when it is back.
                        waits[topic] = (page, time.monotonic(), min(2 * wait, 40.0))
                        await self._ask(number, topic, page, source["after"])
            if len(sources) == len(self.topics) and all(source["done"] for source in sources.values()):
                return
            await asyncio.sleep(LOOK_S)

    async def _begin_source(self, number: int, topic: str) -> None:
        at = f"building.sources.{key_of(topic)}"
        await self._meta.update_one(
            {"_id": DOCUMENT, "building.number": number, at: {"$exists": False}},
            {"$set": {at: {"page": 1, "after": None, "events": 0, "total": None, "done": False}}},
        )

    async def on_page(self, page: Page) -> None:
        """The mark of a page's end was read: remember what has to be there, and ask on where it was the last.

        Raises where MongoDB is away; the mark then has to be read again.
        """
        asked = build_of(page.id)
        document = await self._generations.document()
        building: Document = document.get("building") or {}
        source = building.get("sources", {}).get(key_of(page.topic))
        if asked is None or source is None or source["done"]:
            return
        if page.id != request_id(building["number"], page.topic, source["page"]):
            return  # the answer to a page that was asked for twice, or for a build that was given up
        floor = building["epochs"].get(key_of(page.topic), FIRST_EPOCH)
        if page.epoch != floor:
            if page.epoch > floor:
                await begin_anew(self._database, building, page.topic, page.epoch)
            return  # a lower one was answered before a restore
        generation = Generation(building["number"], building=True)
        await self._database[EXPECTED + generation.suffix].replace_one(
            {"_id": page.id},
            {"topic": page.topic, "places": [[*head[:3]] for head in page.heads]},
            upsert=True,
        )
        at = f"building.sources.{key_of(page.topic)}"
        moved = await self._meta.update_one(
            {"_id": DOCUMENT, "building.number": generation.number, f"{at}.page": source["page"]},
            {
                "$set": {
                    f"{at}.page": source["page"] + 1,
                    f"{at}.after": page.after,
                    f"{at}.total": page.total,
                    f"{at}.done": page.after is None,
                },
                "$inc": {f"{at}.events": page.events},
            },
        )
        if moved.matched_count and page.after is not None and source["page"] % AT_ONCE == 0:
            self._in_background(generation.number, page.topic, source["page"] + 1, page.after)

    async def ask_for(self, number: int, topic: str, places: Sequence[Place]) -> None:
        """Ask the owner for what lies above each of ``places``; nothing tells the end of the answer."""
        ident = request_id(number, topic, f"missing-{uuid.uuid4().hex[:8]}")
        await self._send(Request(id=ident, service=self._service, topic=topic, subjects=tuple(places)))

    # Questions to the owners

    def _in_background(self, number: int, topic: str, page: int, after: tuple[str, int, int]) -> None:
        task = asyncio.create_task(self._ask(number, topic, page, after))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, number: int, topic: str, page: int, after: Sequence[object] | None) -> None:
        """For that page and those behind it, up to the next multiple of ``AT_ONCE``."""
        more = range(page + 1, page + 1 + -page % AT_ONCE)
        ahead = [request_id(number, topic, each) for each in more]
        place = PageOf.model_validate({"after": after, "limit": PAGE, "ahead": ahead})
        await self._send(
            Request(id=request_id(number, topic, page), service=self._service, topic=topic, page=place)
        )

    async def _send(self, request: Request) -> None:
        """Once; if Kafka is away, the question is asked again when no answer has come."""
        try:
            await self._producer.send(self._to, [message(REQUEST_TYPE, request, request.topic)])
        except Exception as error:
            log.warning("%s was not asked: %r", request.topic, error)
