"""Whether a new generation's marks have reached what has to be in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from shared.messaging.generations import MARKS, Generation
from shared.messaging.inbox import MARK_FIELDS, mark_of
from shared.store.driver import Database, Document

EXPECTED = "expected"
"""What each page of the owners' journals ended with, until it is seen to be there."""

PATIENCE_S = 3.0
"""What is missing, and has not come nearer for so long, is asked for, and again after ``AGAIN_S``."""
AGAIN_S = 10.0
LOOK_S = 0.1
AT_ONCE = 1000
ASKED_AT_ONCE = 500

Place = tuple[str, int, int]
"""Subject, epoch and sequence."""
Ask = Callable[[str, Sequence[Place]], Awaitable[None]]
"""Asks the owner of a topic for what lies above each of the places."""


class Coverage:
    """Compares the marks of ``new`` with what was expected and with those of ``old``, bit by bit."""

    def __init__(self, database: Database, new: Generation, old: Generation) -> None:
        self._expected = database[EXPECTED + new.suffix]
        self._new = database[MARKS + new.suffix]
        self._old = database[MARKS + old.suffix]

    async def expected(self, ask: Ask) -> None:
        """Until everything that the pages listed is there; what is, is forgotten."""
        while pages := await self._expected.find({}).limit(20).to_list(length=20):
            for page in pages:
                await self._wait_for([(page["topic"], _place(place)) for place in page["places"]], ask)
                await self._expected.delete_one({"_id": page["_id"]})

    async def of_old(self, topics: Sequence[str], ask: Ask) -> None:
        """Until everything that the old generation has read of ``topics`` is there too.

        What it reads from now on goes to both. What was set aside at a subject's end may be nobody's event:
        the journals know, and they are read.
        """
        last = ""
        while True:
            rows = await (
                self._old.find({"_id": {"$gt": last}}, dict.fromkeys(("topic", *MARK_FIELDS), 1))
                .sort("_id", 1)
                .limit(AT_ONCE)
                .to_list(length=AT_ONCE)
            )
            if not rows:
                return
            last = rows[-1]["_id"]
            await self._wait_for(
                [(row["topic"], (row["_id"], *mark_of(row).sure)) for row in rows if row["topic"] in topics],
                ask,
            )

    async def _wait_for(self, wanted: Sequence[tuple[str, Place]], ask: Ask) -> None:
        missing = list(wanted)
        ask_at = time.monotonic() + PATIENCE_S
        before: dict[str, tuple[int, int]] = {}
        while True:
            marks = await self._marks(place[0] for _, place in missing)
            missing = [(topic, place) for topic, place in missing if marks.get(place[0], (0, 0)) < place[1:]]
            if not missing:
                return
            if marks != before:
                # Several pages may wait on the replay topic: what is read now need not be asked for.
                before, ask_at = marks, max(ask_at, time.monotonic() + PATIENCE_S)
            if time.monotonic() >= ask_at:
                await _ask_all(missing, marks, ask)
                ask_at = time.monotonic() + AGAIN_S
            await asyncio.sleep(LOOK_S)

    async def _marks(self, subjects: Iterable[str]) -> dict[str, tuple[int, int]]:
        rows = self._new.find({"_id": {"$in": list(subjects)}}, {"epoch": 1, "sequence": 1})
        return {row["_id"]: (row["epoch"], row["sequence"]) for row in await rows.to_list()}


async def _ask_all(missing: Sequence[tuple[str, Place]], marks: dict[str, tuple[int, int]], ask: Ask) -> None:
    """From where each subject's mark stands."""
    by_topic: dict[str, list[Place]] = {}
    for topic, (subject, *_) in missing:
        by_topic.setdefault(topic, []).append((subject, *marks.get(subject, (0, 0))))
    for topic, places in by_topic.items():
        for start in range(0, len(places), ASKED_AT_ONCE):
            await ask(topic, places[start : start + ASKED_AT_ONCE])


def _place(stored: Sequence[object] | Document) -> Place:
    subject, epoch, sequence = stored
    return str(subject), int(str(epoch)), int(str(sequence))
