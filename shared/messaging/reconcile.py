"""One cure for every kind of loss: what an owner's heads show and a mark does not, is asked for.

A lost last event, an expired subject, a reset offset, a topic made anew, an emptied broker: all look the same
from here. Nobody is asked before the reader has finished what the topic held when the head arrived.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiokafka.partitioner import murmur2

from shared.messaging.inbox import Inbox, Mark, Place
from shared.messaging.metrics import ASKED, GAPS, HEAD_ALERTS
from shared.messaging.producer import Producer
from shared.messaging.republish import MOST_SUBJECTS, REQUEST_TYPE, Heads, PlaceOf, Request, message
from shared.messaging.tasks import end
from shared.messaging.topics import REPUBLISH

log = logging.getLogger("ponte.reconcile")

TICK_S = 1.0
ASK_AGAIN_S = 5.0
ASK_AGAIN_AT_MOST_S = 60.0
DOUBT_S = 15.0
"""A head below a mark is an old one on its way; if later ones are below it after this time, we ask."""
MOST_WANTED = 20_000


class Progress(Protocol):
    """How far the group has read, by partition."""

    async def ends(self, topic: str) -> dict[int, int]: ...
    async def finished(self, topic: str) -> dict[int, int]: ...


@dataclass(slots=True)
class _Wanted:
    """A subject should be at ``place``. ``end`` is its partition's end when we had heard of it.

    What is heard of it meanwhile waits in ``later``: on a busy subject an end that moved along with the news
    would never be reached.
    """

    topic: str
    place: Place
    hash: str
    later: tuple[Place, str] = ((0, 0), "")
    end: int | None = None
    ask_at: float = 0.0
    pause: float = ASK_AGAIN_S
    asked: bool = False


class Reconciler:
    """Compares one service's marks with what the owners of ``topics`` tell, and asks for what is missing."""

    def __init__(
        self,
        service: str,
        topics: Sequence[str],
        *,
        inboxes: Callable[[], Awaitable[Sequence[Inbox]]],
        progress: Progress,
        producer: Producer,
        topic_prefix: str = "",
    ) -> None:
        self._service = service
        self._topics = frozenset(topics)
        self._inboxes = inboxes
        self._progress = progress
        self._producer = producer
        self._to = topic_prefix + REPUBLISH
        self._wanted: dict[str, _Wanted] = {}
        self._doubts: dict[str, tuple[Place, float]] = {}
        self._all_heads = True
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        await end(self._task)

    def reads(self, topic: str) -> bool:
        """Whether the service reads that owner's topic."""
        return topic in self._topics

    def heads(self, told: Heads) -> None:
        """An owner tells where its aggregates stand."""
        for subject, epoch, sequence, digest in told.heads:
            self.want(told.topic, subject, (epoch, sequence), digest)

    def want(self, topic: str, subject: str, place: Place, digest: str = "") -> None:
        """``subject`` is known to be at ``place`` at least."""
        known = self._wanted.get(subject)
        if known is None:
            # What finds no room is told again by the owners' next sweep.
            if len(self._wanted) < MOST_WANTED:
                self._wanted[subject] = _Wanted(topic, place, digest)
        elif known.place < place and known.later[0] < place:
            known.later = place, digest

    def ask_for_all_heads(self) -> None:
        """Messages may be missing, and nobody knows of which subjects."""
        self._all_heads = True

    async def _run(self) -> None:
        while True:
            try:
                if self._all_heads:
                    await self._send(
                        [Request(service=self._service, topic=t, heads=True) for t in self._topics]
                    )
                    self._all_heads = False
                await self._tick()
            except Exception as error:
                log.warning("reconciliation waits: %r", error)
            await asyncio.sleep(TICK_S)

    async def _tick(self) -> None:
        wanted = dict(self._wanted)
        if not wanted:
            GAPS.set(0)
            return
        finished = await self._ends_and_finished(wanted)
        lowest = await self._lowest(wanted)
        now = time.monotonic()
        asking: dict[str, list[PlaceOf]] = {}
        doubts: dict[str, list[PlaceOf]] = {}
        for subject, want in wanted.items():
            mark = lowest.get(subject)
            if mark is None:
                continue
            if mark.place >= want.place:
                del self._wanted[subject]
                if mark.place < want.later[0]:
                    self._wanted[subject] = _Wanted(want.topic, *want.later)
                elif self._doubtful(want, mark, now):
                    doubts.setdefault(want.topic, []).append((subject, *mark.place))
            elif self._missing(subject, want, finished.get(want.topic, {}), now):
                asking.setdefault(want.topic, []).append((subject, *mark.place))
                log.warning("%s is known up to %s, its owner is at %s", subject, mark.place, want.place)
        GAPS.set(sum(want.asked for want in self._wanted.values()))
        await self._ask(asking, doubts)

    def _missing(self, subject: str, want: _Wanted, finished: dict[int, int], now: float) -> bool:
        """Whether it is not on its way any more, and it is time to ask (again)."""
        if want.end is None or now < want.ask_at:
            return False
        if finished.get(partition_of(subject, len(finished)), 0) < want.end:
            return False
        want.asked = True
        want.ask_at, want.pause = now + want.pause, min(want.pause * 2, ASK_AGAIN_AT_MOST_S)
        return True

    async def _ask(self, asking: dict[str, list[PlaceOf]], doubts: dict[str, list[PlaceOf]]) -> None:
        requests: list[Request] = []
        for topic, subjects in asking.items():
            ASKED.inc(len(subjects))
            log.warning("asking the owner of %s for what is missing of %d subjects", topic, len(subjects))
            requests += [
                Request(service=self._service, topic=topic, subjects=tuple(part)) for part in _parts(subjects)
            ]
        for topic, subjects in doubts.items():
            requests += [
                Request(service=self._service, topic=topic, doubts=tuple(part)) for part in _parts(subjects)
            ]
        await self._send(requests)

    async def _ends_and_finished(self, wanted: dict[str, _Wanted]) -> dict[str, dict[int, int]]:
        """First where the partitions end, then how far they are read, and only then the marks are read."""
        finished: dict[str, dict[int, int]] = {}
        missing = await self._below(wanted)
        for topic in {want.topic for want in missing.values()}:
            ends = await self._progress.ends(topic)
            for subject, want in missing.items():
                if want.topic == topic and want.end is None and ends:
                    want.end = ends.get(partition_of(subject, len(ends)), 0)
            finished[topic] = await self._progress.finished(topic)
        return finished

    async def _below(self, wanted: dict[str, _Wanted]) -> dict[str, _Wanted]:
        """Those whose mark, as far as it is remembered, does not cover what is wanted."""
        found: dict[str, _Wanted] = {}
        subjects = {subject: want.topic for subject, want in wanted.items()}
        for inbox in await self._inboxes():
            marks = await inbox.load(subjects)
            found.update((s, want) for s, want in wanted.items() if marks[s].place < want.place)
        return found

    async def _lowest(self, wanted: dict[str, _Wanted]) -> dict[str, Mark]:
        """Of each subject the lowest of the marks; read anew where it seems to be too low."""
        lowest: dict[str, Mark] = {}
        subjects = {subject: want.topic for subject, want in wanted.items()}
        for inbox in await self._inboxes():
            marks = await inbox.load(subjects)
            low = {s: wanted[s].topic for s, mark in marks.items() if mark.place < wanted[s].place}
            if low:
                marks |= await inbox.load(low, fresh=True)
            for subject, mark in marks.items():
                if subject not in lowest or mark.place < lowest[subject].place:
                    lowest[subject] = mark
        return lowest

    def _doubtful(self, want: _Wanted, mark: Mark, now: float) -> bool:
        """Whether the owner has to say itself where the subject stands: its heads stay below our mark."""
        if want.later[0] > want.place:
            want.place, want.hash = want.later
        if mark.place == want.place:
            self._doubts.pop(mark.subject, None)
            if want.hash and mark.hash and want.hash != mark.hash:
                HEAD_ALERTS.labels("other-hash").inc()
                log.critical("%s at %s is not what its owner has there", mark.subject, mark.place)
            return False
        if mark.epoch != want.place[0] or (mark.given_up and want.place >= mark.sure):
            return False
        place, since = self._doubts.setdefault(mark.subject, (mark.place, now))
        if want.place >= place:
            self._doubts[mark.subject] = (mark.place, now)
            return False
        if now - since < DOUBT_S:
            return False
        del self._doubts[mark.subject]
        return True

    async def _send(self, requests: Sequence[Request]) -> None:
        messages = [message(REQUEST_TYPE, request, request.topic) for request in requests]
        if messages:
            await self._producer.send(self._to, messages)


def _parts(subjects: list[PlaceOf]) -> list[list[PlaceOf]]:
    return [subjects[start : start + MOST_SUBJECTS] for start in range(0, len(subjects), MOST_SUBJECTS)]


def partition_of(subject: str, partitions: int) -> int:
    """Where Kafka's own partitioner puts the messages of ``subject``."""
    return int((murmur2(subject.encode()) & 0x7FFFFFFF) % partitions) if partitions else 0
