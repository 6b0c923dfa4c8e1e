"""What is new to one reader: from when on, how much of it, and where the line in the feed is drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.dashboard.register import FeedEntry, Register
from services.dashboard.views.feed import is_grave, kind_of
from services.dashboard.views.lens import Lens
from shared.contracts.base import Unit

VISIT_LASTS = timedelta(minutes=30)
"""Whoever comes back sooner is still on the same visit."""
MOST = 5000
"""Entries that are counted at most; beyond, the strip says "more than"."""
_BATCH = 500


@dataclass(slots=True)
class News:
    """New entries by kind and gravity.

    ``head`` is the highest number that has been counted, ``line`` the highest that is not new (0: all are).
    """

    since: datetime | None
    unit: Unit | None = None
    head: int = 0
    line: int = 0
    counted: Counter[tuple[str, bool]] = field(default_factory=Counter)
    capped: bool = False

    def add(self, entry: FeedEntry) -> None:
        """Count one more, unless it was counted before."""
        if entry.number > self.head:
            self.head = entry.number
            self.count(entry)

    def count(self, entry: FeedEntry) -> None:
        """Count one that is known not to have been counted."""
        if self.unit in (None, entry.unit):
            self.counted[kind_of(entry.type), is_grave(entry)] += 1


def since_when(lens: Lens, visit: datetime | None, now: datetime) -> datetime | None:
    """From when on an entry counts as new; None: from the beginning."""
    return {"day": now - timedelta(days=1), "week": now - timedelta(days=7)}.get(lens.since, visit)


async def count_news(register: Register, since: datetime | None, unit: Unit | None) -> News:
    """Read the feed backwards until an entry that was recorded before ``since``."""
    news = News(since, unit)
    before: int | None = None
    for _ in range(MOST // _BATCH):
        entries = await register.feed(before=before, limit=_BATCH)
        for entry in entries:
            if since is not None and entry.recorded_at <= since:
                news.line = entry.number
                return news
            news.head = max(news.head, entry.number)
            news.count(entry)
        if len(entries) < _BATCH:
            return news
        before = entries[-1].number
    news.capped = True
    return news


async def visit_of(register: Register, person: str, kept: str | None, now: datetime) -> datetime | None:
    """When the last visit ended: as the browser keeps it while this one goes on, else as it is recorded.

    ``kept`` is what the browser holds. None: this person has never been here.
    """
    last = await register.last_visit(person)
    if last is not None and kept is not None and now - last < VISIT_LASTS:
        if kept == NEVER:
            return None
        try:
            began = datetime.fromisoformat(kept)
        except ValueError:
            return last
        return began if began.tzinfo is not None and began <= last else last
    return last


NEVER = "never"
"""What the browser keeps during the very first visit."""
