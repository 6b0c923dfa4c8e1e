"""A stretch of the feed as the page shows it: the entries that the filters let through, and the line."""

from __future__ import annotations

from dataclasses import dataclass, field

from markupsafe import Markup

from services.dashboard.news import News
from services.dashboard.register import FeedEntry, Register
from services.dashboard.render import Renderer
from services.dashboard.views.feed import wanted
from services.dashboard.views.frame import Frame

LENGTH = 30
_BATCH = 200
_MOST = 4000
"""Entries that are looked through for one stretch; a rarer filter goes on with the next one."""


@dataclass(slots=True)
class Stretch:
    """Lines above and below the line of the last visit; ``earlier`` is the address of what comes before."""

    above: list[Markup] = field(default_factory=list)
    below: list[Markup] = field(default_factory=list)
    line: str = ""
    earlier: str = ""
    earlier_page: str = ""

    @property
    def count(self) -> int:
        """How many entries it holds."""
        return len(self.above) + len(self.below)


async def stretch(
    register: Register, renderer: Renderer, frame: Frame, news: News, *, before: int | None
) -> Stretch:
    """The next entries that the filters let through, newest first, from ``before`` on."""
    found, last = await _find(register, frame, before)
    made = Stretch()
    for entry in found:
        place = made.above if entry.number > news.line else made.below
        place.append(renderer.entry(entry, frame))
    starts_above = before is None or before > news.line + 1
    if news.since is not None and news.line and starts_above and (made.below or not last):
        made.line = _line(news, frame)
    if last:
        address = frame.lens.address()
        query = address.partition("?")[2]
        rest = f"before={last}&{query}" if query else f"before={last}"
        made.earlier, made.earlier_page = f"/feed?{rest}", f"/?{rest}"
    return made


async def _find(register: Register, frame: Frame, before: int | None) -> tuple[list[FeedEntry], int]:
    """Fitting entries, and the number before which more may stand (0: none)."""
    found: list[FeedEntry] = []
    place = before
    for _ in range(_MOST // _BATCH):
        batch = await register.feed(before=place, limit=_BATCH)
        for entry in batch:
            if wanted(entry, frame):
                if len(found) == LENGTH:
                    return found, found[-1].number
                found.append(entry)
        if len(batch) < _BATCH:
            return found, 0
        place = batch[-1].number
    return found, place or 0


def _line(news: News, frame: Frame) -> str:
    if frame.lens.since != "visit":
        return frame.t(f"feed.line-{frame.lens.since}")
    assert news.since
    return frame.t("feed.line", when=frame.f.moment(news.since))
