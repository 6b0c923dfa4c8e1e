"""Views: a batch goes to every projection of a generation at once, and then its marks move."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from shared.messaging.dead_letters import DeadLetters
from shared.messaging.generations import Generations, Target
from shared.messaging.inbox import Folded, Inbox, fold
from shared.messaging.incoming import Event, Incoming, by_subject, topics_of
from shared.messaging.metrics import HEALED, REPEATED
from shared.messaging.trying import HOLD, attempt

log = logging.getLogger("ponte.views")


class Projection(Protocol):
    """A view that is built from events and can be thrown away and rebuilt."""

    async def apply(self, events: Sequence[Event]) -> None:
        """Take in ``events``, in order per subject. Each may come more than once."""


class Views:
    """Feeds the generations of one service's views; ``behind`` is told of events behind a gap."""

    def __init__(
        self, generations: Generations, letters: DeadLetters, behind: Callable[[Incoming], None]
    ) -> None:
        self._generations = generations
        self._letters = letters
        self._behind = behind
        self._targets: tuple[Target, ...] = ()

    async def prepare(self) -> None:
        """Look up what is to be fed. Raises where MongoDB is away."""
        self._targets = await self._generations.load()

    async def inboxes(self, *, building: bool) -> list[Inbox]:
        """The marks of what is fed now, with those of a generation that is being built or without.

        Looked up anew: while no events come, nothing else tells that another generation has become live.
        """
        await self.prepare()
        return [each.inbox for each in self._targets if building or not each.generation.building]

    async def take(self, items: Sequence[Incoming]) -> set[str]:
        """Apply ``items`` to every generation that is fed. Raises one of ``HOLD``.

        The generations are looked up again before it returns: one that has begun or become live meanwhile
        gets the batch too. Answers the requeued letters that failed once more.
        """
        failed: set[str] = set()
        done: list[Target] = []
        while True:
            todo = [target for target in self._targets if not any(target is other for other in done)]
            if not todo:
                return failed
            for letters in await asyncio.gather(*(self._feed(target, items) for target in todo)):
                failed |= letters
            done += todo
            await self.prepare()

    async def _feed(self, target: Target, everything: Sequence[Incoming]) -> set[str]:
        items = [
            item
            for item in everything
            if target.takes(item.topic, item.event.epoch, answered_in=item.answered_in, replay=item.replay)
        ]
        if not items:
            return set()
        failed: set[str] = set()
        topics = topics_of(items)
        results = await asyncio.gather(
            target.inbox.load(topics),
            *(self._project(target, projection, items, failed) for projection in target.projections),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        await self._move(target, items, failed)
        return failed

    async def _move(self, target: Target, items: Sequence[Incoming], failed: set[str]) -> None:
        topics = topics_of(items)
        marks = await target.inbox.load(topics)
        lanes = by_subject(items)
        folded = {s: fold(marks[s], [item.event for item in lane]) for s, lane in lanes.items()}
        if unsure := {s: topics[s] for s, each in folded.items() if each.beyond is not None}:
            # What is remembered may be too low: another replica may have read on.
            marks |= await target.inbox.load(unsure, fresh=True)
            folded |= {s: fold(marks[s], [item.event for item in lanes[s]]) for s in unsure}
        await target.inbox.advance([e.mark for s, e in folded.items() if e.mark.place > marks[s].place])
        for subject, each in folded.items():
            await self._unpark(target, each, lanes[subject], failed)
            if not target.generation.building:
                self._count(each, lanes[subject])

    async def _unpark(
        self, target: Target, folded: Folded, lane: Sequence[Incoming], failed: set[str]
    ) -> None:
        """What was set aside came once more and went through."""
        for item in lane:
            if item.event.place in folded.mark.aside and item.letter not in failed:
                await target.inbox.unpark(item.event.subject, item.event.place)
                await self._letters.resolve_place(item.event.subject, *item.event.place)

    def _count(self, folded: Folded, lane: Sequence[Incoming]) -> None:
        REPEATED.inc(folded.again)
        new = {event.place for event in folded.new}
        HEALED.inc(sum(1 for item in lane if item.answered_in and item.event.place in new))
        if folded.beyond is not None:
            self._behind(next(item for item in lane if item.event is folded.beyond))

    async def _project(
        self, target: Target, projection: Projection, items: Sequence[Incoming], failed: set[str]
    ) -> None:
        """The batch at once; if it fails for its own sake, one by one: only the culprit is set aside."""
        try:
            await projection.apply([item.event for item in items])
            return
        except HOLD:
            raise
        except Exception:
            log.exception("a batch of %d failed; going through it one by one", len(items))
        for item in items:
            if not await attempt(self._letters, item, projection.apply, [item.event]):
                failed.add(item.letter)
                await target.inbox.park(item.event.subject, item.topic, item.event.place)
