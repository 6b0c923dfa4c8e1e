"""An owner answers for the past, from its journal, on the asking service's own replay topic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from shared.messaging.envelope import to_message
from shared.messaging.heads import HeadsPublisher, head_of
from shared.messaging.letters import REPLAY
from shared.messaging.metrics import HEAD_ALERTS, REPLAYED
from shared.messaging.producer import Message, Producer
from shared.messaging.republish import OWNER_EPOCH, PAGE_TYPE, Head, Page, PageOf, PlaceOf, Request, message
from shared.messaging.tasks import end
from shared.messaging.topics import replay_topic
from shared.store.changed import AUDIT
from shared.store.driver import Database, Document
from shared.store.setup import JOURNAL

log = logging.getLogger("ponte.answers")

WAITING = 200
"""Requests that wait for their answer at most. Whoever is not answered asks again."""
AT_ONCE = 500
"""Events handed to Kafka in one call."""
SUBJECTS_AT_ONCE = 8


class Answers:
    """Answers the requests to one owner in the background: pages one by one, and beside them subjects.

    Nothing is kept: a request whose answer was cut off is asked again by the reader, which still misses it.
    """

    def __init__(
        self,
        database: Database,
        *,
        topic: str,
        epoch: int,
        producer: Producer,
        heads: HeadsPublisher,
        aggregates: Sequence[str],
        topic_prefix: str = "",
    ) -> None:
        self._database = database
        self._journal = database[JOURNAL]
        self._topic = topic
        self._epoch = epoch
        self._producer = producer
        self._heads = heads
        self._aggregates = tuple(aggregates)
        self._prefix = topic_prefix
        self._source = "/" + (topic_prefix + topic).replace(".", "/")
        # A rebuild's pages do not wait behind the many subjects of a broker that was emptied.
        self._pages: asyncio.Queue[Request] = asyncio.Queue(WAITING)
        self._subjects: asyncio.Queue[Request] = asyncio.Queue(WAITING)
        self._totals: dict[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run(queue)) for queue in (self._pages, self._subjects)]

    async def stop(self) -> None:
        for task in self._tasks:
            await end(task)

    def ask(self, request: Request) -> None:
        """Take up ``request`` if it is for this owner."""
        if request.topic != self._topic:
            return
        if request.heads:
            self._heads.all_wanted()
        about_subjects = request.subjects or request.doubts
        for wanted, queue in ((request.page, self._pages), (about_subjects, self._subjects)):
            if wanted:
                with suppress(asyncio.QueueFull):
                    queue.put_nowait(request)

    async def _run(self, queue: asyncio.Queue[Request]) -> None:
        while True:
            request = await queue.get()
            try:
                if queue is self._pages and request.page is not None:
                    await self._send_pages(request, request.page)
                else:
                    await self._send_subjects(request)
            except Exception as error:
                log.warning("request %s of %s not answered: %r", request.id, request.service, error)

    async def _send_subjects(self, request: Request) -> None:
        for start in range(0, len(request.subjects), SUBJECTS_AT_ONCE):
            places = request.subjects[start : start + SUBJECTS_AT_ONCE]
            await asyncio.gather(*(self._send_above(request, place) for place in places))

        for place in request.doubts:
            await self._doubt(request, place)

    async def _send_above(self, request: Request, place: PlaceOf) -> None:
        async for rows in self._above(*place):
            await self._send(request, rows)

    async def _above(self, subject: str, epoch: int, sequence: int) -> AsyncIterator[list[Document]]:
        place = epoch, sequence
        while True:
            rows = await self._rows({"subject": subject, **_beyond(*place)}, AT_ONCE)
            if rows:
                yield rows
                place = rows[-1]["epoch"], rows[-1]["sequence"]
            if len(rows) < AT_ONCE:
                return

    async def _send_pages(self, request: Request, page: PageOf) -> None:
        """The page and those that follow it; each is read while the one before it is being sent."""
        sending: asyncio.Task[None] | None = None
        try:
            for ident in (request.id, *page.ahead):
                rows, mark = await self._page(request, ident, page)
                if sending is not None:
                    await sending
                sending = asyncio.create_task(self._send(request, rows, mark))
                if mark.after is None:
                    break
                page = page.model_copy(update={"after": mark.after})
            if sending is not None:
                await sending
        finally:
            await end(sending)

    async def _page(self, request: Request, ident: str, page: PageOf) -> tuple[list[Document], Page]:
        where: Document = {}
        if page.subject is not None:
            where["subject"] = page.subject
        bounds = {
            name: at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for name, at in (("$gte", page.since), ("$lte", page.until))
            if at is not None
        }
        if bounds:
            where["time"] = bounds
        if page.after is None or request.page_key not in self._totals:
            self._totals = {request.page_key: await self._journal.count_documents(where)}
        rows = await self._behind(page.after, where, page.limit)
        heads: dict[str, Head] = {row["subject"]: head_of(row) for row in rows}
        last = rows[-1] if len(rows) == page.limit else None
        mark = Page(
            id=ident,
            topic=self._topic,
            epoch=self._epoch,
            after=(last["subject"], last["epoch"], last["sequence"]) if last else None,
            events=len(rows),
            total=self._totals[request.page_key],
            heads=tuple(heads.values()),
        )
        return rows, mark

    async def _behind(self, after: PlaceOf | None, where: Document, limit: int) -> list[Document]:
        """The rest of the subject that the last page ended in, then the next subjects: each by the index."""
        if after is None:
            return await self._rows(where, limit)
        subject, epoch, sequence = after
        rows = await self._rows({"$and": [where, {"subject": subject, **_beyond(epoch, sequence)}]}, limit)
        if len(rows) < limit:
            rows += await self._rows({"$and": [where, {"subject": {"$gt": subject}}]}, limit - len(rows))
        return rows

    async def _rows(self, where: Document, limit: int) -> list[Document]:
        order = [("subject", 1), ("epoch", 1), ("sequence", 1)]
        # What the audit keeps is never published.
        return await self._journal.find(where, {AUDIT: 0}).sort(order).limit(limit).to_list(length=limit)

    async def _send(self, request: Request, rows: Sequence[Document], mark: Page | None = None) -> None:
        to = self._prefix + replay_topic(request.service)
        ident = request.id if mark is None else mark.id
        marks = [(REPLAY, ident.encode()), (OWNER_EPOCH, str(self._epoch).encode())]
        for start in range(0, len(rows), AT_ONCE):
            events: list[Message] = []
            for row in rows[start : start + AT_ONCE]:
                key, value, headers = to_message(row, self._source)
                headers += marks
                events.append((key, value, headers))
            await self._producer.send_bulk(to, events)
        if mark is not None:
            # One key, so that the marks of pages that were asked for together come in their order.
            await self._producer.send(to, [message(PAGE_TYPE, mark, self._topic)])
        REPLAYED.inc(len(rows))

    async def _doubt(self, request: Request, asked: PlaceOf) -> None:
        """A reader that stands above us in our own epoch has read what we no longer have: a serious alert."""
        subject, epoch, sequence = asked
        if epoch != self._epoch:
            return
        for aggregate in self._aggregates:
            known = await self._database[aggregate].find_one({"_id": subject}, {"sequence": 1})
            if known is not None and known["sequence"] >= sequence:
                return
        HEAD_ALERTS.labels("owner-behind").inc()
        log.critical(
            "%s has read %s up to %d/%d, which is more than is stored here: see `ponte restore`",
            request.service,
            subject,
            epoch,
            sequence,
        )


def _beyond(epoch: int, sequence: int) -> Document:
    return {"$or": [{"epoch": {"$gt": epoch}}, {"epoch": epoch, "sequence": {"$gt": sequence}}]}
