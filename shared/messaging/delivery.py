"""What happens to a batch of messages: views, then reactions; what cannot be used is set aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from shared.contracts.base import PersonErased
from shared.messaging.answers import Answers
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.envelope import Malformed
from shared.messaging.generations import build_of
from shared.messaging.inbox import Inbox
from shared.messaging.incoming import Incoming, incoming
from shared.messaging.letters import DISCARDED, RELEASED, REQUEUED, letter_id, place_of
from shared.messaging.metrics import HANDLED
from shared.messaging.owners import Owners
from shared.messaging.reacting import Reactions
from shared.messaging.reconcile import Reconciler
from shared.messaging.record import Record
from shared.messaging.republish import (
    HEADS_TYPE,
    PAGE_TYPE,
    REQUEST_TYPE,
    Heads,
    Page,
    Request,
    header,
    kind_of,
    read,
)
from shared.messaging.topics import HEADS, REPUBLISH
from shared.messaging.viewing import Views

log = logging.getLogger("ponte.delivery")

PIECE = 50
"""So many messages are read before others have their turn: a page that is far behind has to open, too."""

OnPage = Callable[[Page], Awaitable[None]]


async def nothing(_: str) -> None:
    """Nobody looks again."""


class Delivery:
    """Carries a batch to the views and reactions of one service, and control messages to their parts.

    Returns when everything is stored; raises one of ``trying.HOLD`` when it has to be tried again as a whole.
    """

    def __init__(
        self,
        letters: DeadLetters,
        *,
        topic_prefix: str = "",
        owners: Owners,
        answers: Answers | None = None,
        views: Views | None = None,
        reactions: Reactions | None = None,
        on_page: OnPage | None = None,
        again: Callable[[str], Awaitable[None]] = nothing,
    ) -> None:
        self._letters = letters
        self._prefix = topic_prefix
        self._owners = owners
        self.reconciler: Reconciler | None = None
        """Compares with the owners' heads; null: nobody does."""
        self._answers = answers
        self._views = views
        self._reactions = reactions
        self._on_page = on_page
        self._again = again

    async def __call__(self, records: Sequence[Record]) -> None:
        items: list[Incoming] = []
        pages: list[Page] = []
        for number, record in enumerate(records, start=1):
            if not number % PIECE:
                await asyncio.sleep(0)
            try:
                if not await self._control(record, pages):
                    items.append(incoming(record))
            except Malformed as error:
                log.error("set aside %s: %s", letter_id(record), error)
                await self._set_aside(record, error)
        # Before the events of the batch: the next page is on its way while this one is stored.
        for page in pages:
            if self._on_page is not None:
                await self._on_page(page)
        items = [item for item in items if await self._counts(item)]
        erased = await self._told_of_erasures(items)
        failed: set[str] = set()
        if items and self._views is not None:
            failed |= await self._views.take(items)
        if items and self._reactions is not None:
            # What a rebuild asked for is for the views alone.
            failed |= await self._reactions.take([item for item in items if build_of(item.replay) is None])
        for erasure_id in erased:
            await self._again(erasure_id)
        for letter in {item.letter for item in items} - failed - {""}:
            await self._letters.resolve(letter)
        for record in records:
            HANDLED.labels(record.topic).inc()

    async def _told_of_erasures(self, items: Sequence[Incoming]) -> set[str]:
        """Before anything is stored: whatever comes late finds what is gone. Answers the erasures' ids."""
        erased = [
            (item.event, item.event.data) for item in items if isinstance(item.event.data, PersonErased)
        ]
        if erased:
            await self._letters.narrow([event for event, _ in erased])
        return {data.erasure_id for _, data in erased}

    async def _control(self, record: Record, pages: list[Page]) -> bool:
        """Whether the message was no event, and has been taken up. Raises ``Malformed``."""
        if released := header(record, RELEASED):
            await self._release(released, header(record, DISCARDED))
            return True
        topic, kind = record.topic.removeprefix(self._prefix), kind_of(record)
        if kind == PAGE_TYPE:
            pages.append(read(Page, record))
        elif topic == HEADS:
            await self._heads(read(Heads, record), kind)
        elif topic == REPUBLISH:
            request = read(Request, record)
            _expect(kind, REQUEST_TYPE)
            if self._answers is not None:
                self._answers.ask(request)
        else:
            return False
        return True

    async def _heads(self, heads: Heads, kind: str) -> None:
        _expect(kind, HEADS_TYPE)
        if self.reconciler is not None and self.reconciler.reads(heads.topic):
            await self._owners.heard(heads.topic, heads.epoch)
            self.reconciler.heads(heads)

    async def _counts(self, item: Incoming) -> bool:
        """Whether the event holds: on the live topic, one of an epoch below its owner's may be undone."""
        await self._owners.heard(item.topic, max(item.event.epoch, item.answered_in))
        known = self._owners.epoch(item.topic)
        return max(item.event.epoch, item.answered_in) >= known

    async def _set_aside(self, record: Record, error: Malformed) -> None:
        await self._letters.put(record, reason=error.reason, error=str(error), attempts=1)
        told = place_of(record)
        topic = record.topic.removeprefix(self._prefix)
        if self.reconciler is None or not self.reconciler.reads(topic) or header(record, REQUEUED):
            return
        if not {"subject", "epoch", "sequence"} <= told.keys():
            return
        place = told["epoch"], told["sequence"]
        if place[0] > self._owners.epoch(topic) or place[1] < 1:
            return  # whatever it is, it says nothing about the subject's next event
        marked = await self._of_views()
        if self._reactions is not None:
            marked.append(self._reactions.inbox)
        for inbox in marked:
            mark = (await inbox.load({told["subject"]: topic}, fresh=True))[told["subject"]]
            if place > mark.place:
                await inbox.park(told["subject"], topic, place)

    async def _release(self, subject: str, letter: str) -> None:
        """An operator has given up a letter: its place counts as done."""
        found = await self._letters.get(letter)
        if found is None or not {"epoch", "sequence"} <= found.keys():
            return
        place = found["epoch"], found["sequence"]
        for inbox in await self._of_views():
            await inbox.give_up(subject, place)
        if self._reactions is not None:
            await self._reactions.give_up(subject, place)

    async def _of_views(self) -> list[Inbox]:
        return await self._views.inboxes(building=True) if self._views is not None else []


def _expect(kind: str, wanted: str) -> None:
    if kind != wanted:
        raise Malformed("unknown-type", f"{kind!r} where {wanted} belongs")
