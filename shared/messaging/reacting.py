"""Reactions: each event once its predecessors are in, several subjects at once.

A dead letter parks its subject: the reactions of later events wait in ``parked``, in order, until the letter
was carried out or given up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from shared.domain import Refusal
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.envelope import Malformed
from shared.messaging.inbox import INBOX, Inbox, Mark, Place
from shared.messaging.incoming import Event, Incoming, by_subject, incoming, topics_of
from shared.messaging.letters import record_of
from shared.messaging.metrics import HEALED, REFUSED, REPEATED
from shared.messaging.trying import HOLD, attempt
from shared.store.driver import Database, Document

log = logging.getLogger("ponte.reactions")

Reaction = Callable[[Any], Awaitable[None]]
"""What this unit does when another unit's event arrives; it raises a ``Refusal`` where a rule says no."""

REFUSED_REACTIONS = "refused_reactions"
AT_ONCE = 16


class Reactions:
    """What one service does at other units' events, by event type.

    ``behind`` is told of an event that came before one that is still missing: it waits for the replay.
    """

    def __init__(
        self,
        database: Database,
        reactions: Mapping[str, Reaction],
        letters: DeadLetters,
        behind: Callable[[Incoming], None],
    ) -> None:
        self.inbox = Inbox(database[INBOX])
        self._reactions = dict(reactions)
        self._letters = letters
        self._behind = behind
        self._refused = database[REFUSED_REACTIONS]

    async def take(self, items: Sequence[Incoming]) -> set[str]:
        """Carry out what is next of each subject, and move the marks. Raises one of ``HOLD``.

        Answers the requeued letters that failed once more.
        """
        marks = await self.inbox.load(topics_of(items))
        lanes = by_subject(items)
        unsure = {
            subject: lane[0].topic
            for subject, lane in lanes.items()
            if not marks[subject].follows(lane[0].event) or marks[subject].aside
        }
        if unsure:
            # What is remembered may be too low: another replica may have read on.
            marks |= await self.inbox.load(unsure, fresh=True)
        gate = asyncio.Semaphore(AT_ONCE)

        async def run(subject: str, lane: Sequence[Incoming]) -> tuple[Mark, set[str]]:
            async with gate:
                return await self._lane(marks[subject], lane)

        results = await asyncio.gather(
            *(run(subject, lane) for subject, lane in lanes.items()), return_exceptions=True
        )
        moved: list[Mark] = []
        failed: set[str] = set()
        for result in results:
            if isinstance(result, BaseException):
                raise result
            mark, letters = result
            failed |= letters
            if mark.place > marks[mark.subject].place:
                moved.append(mark)
        await self.inbox.advance(moved)
        return failed

    async def _lane(self, mark: Mark, lane: Sequence[Incoming]) -> tuple[Mark, set[str]]:
        failed: set[str] = set()
        for item in lane:
            event = item.event
            if event.place in mark.aside:
                if await self._carry_out(item):
                    await self._went_through(event.subject, event.place)
                else:
                    failed.add(item.letter)
                mark = (await self.inbox.load({event.subject: item.topic}, fresh=True))[event.subject]
            elif event.place <= mark.place:
                REPEATED.inc()
            elif not mark.follows(event):
                self._behind(item)
            else:
                if item.answered_in:
                    HEALED.inc()
                if event.type in self._reactions:
                    mark = await self._next(mark, item, failed)
                mark = mark.moved(event)
        return mark, failed

    async def _next(self, mark: Mark, item: Incoming, failed: set[str]) -> Mark:
        event = item.event
        if mark.held_up(event.place):
            await self._letters.park(item.record, (event.subject, *event.place))
        elif not await self._carry_out(item):
            failed.add(item.letter)
            return await self.inbox.park(event.subject, item.topic, event.place)
        return mark

    async def _carry_out(self, item: Incoming) -> bool:
        return await attempt(self._letters, item, self._react, item.event)

    async def _went_through(self, subject: str, place: Place) -> None:
        await self._letters.resolve_place(subject, *place)
        await self.inbox.unpark(subject, place)
        await self._go_on(subject)

    async def give_up(self, subject: str, place: Place) -> None:
        """Nothing waits for ``place`` any longer, although it was not carried out."""
        await self.inbox.give_up(subject, place)
        await self._go_on(subject)

    async def _go_on(self, subject: str) -> None:
        """What waited is carried out, up to the next parked one."""
        while waiting := await self._letters.waiting(subject):
            for document in waiting:
                item = await self._read_again(document)
                if item is None:
                    continue
                mark = (await self.inbox.load({subject: item.topic}, fresh=True))[subject]
                if mark.held_up(item.event.place):
                    return
                if not await self._carry_out(item):
                    await self.inbox.park(subject, item.topic, item.event.place)
                await self._letters.release([document["_id"]])

    async def _read_again(self, document: Document) -> Incoming | None:
        """What waits, as an event; null: today's contracts no longer take it, and it has been set aside."""
        record = record_of(document)
        try:
            return incoming(record)
        except Malformed as error:
            await self._letters.put(record, reason=error.reason, error=str(error), attempts=1)
            await self._letters.release([document["_id"]])
            return None

    async def _react(self, event: Event) -> None:
        reaction = self._reactions.get(event.type)
        if reaction is None:
            return  # it was parked for another reason than its reaction
        try:
            await reaction(event)
        except HOLD:
            raise
        except Refusal as refusal:
            # A rule of this unit said no: an outcome for an officer, not a fault of the message.
            REFUSED.inc()
            log.warning("%s of %s was refused: %s", event.type, event.subject, refusal)
            await self._refused.update_one(
                {"_id": f"{event.subject}/{event.epoch}/{event.sequence}"},
                {
                    "$setOnInsert": {
                        "type": event.type,
                        "subject": event.subject,
                        "code": refusal.code,
                        "texts": {language: refusal.text(language) for language in ("it", "en")},
                        "at": datetime.now(UTC),
                    }
                },
                upsert=True,
            )
