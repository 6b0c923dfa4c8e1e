"""Follows the register for every open page of this process: entries and panels are made once, not per reader.

The hub tails the feed. A change makes the panels new after a short pause, once per language that somebody is
looking at in, and never for more than a thirteenth of the time. Readers keep their own place in the feed and
their own marks of the panels, so a slow one holds up nobody and nothing piles up for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from services.dashboard.domain.picture import Picture
from services.dashboard.register import FeedEntry, Register
from services.dashboard.render import Renderer
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens

log = logging.getLogger("ponte.dashboard")

PAUSE_S = 0.1
"""How long changes are gathered before the panels are made new."""
SETTLE_S = 1.0
"""The panels are made once more so long after a change: a state may be stored just after its entry."""
SWEEP_S = 30.0
"""And so often at least, because "in 3 days" and the line of now move by themselves."""
SHARE = 12
"""Making panels is followed by a rest of this many times its own length: entries go first."""
MOST_REST_S = 3.0
RECENT = 500
"""Entries that are kept at hand; a reader that is further behind is served from the register."""
BATCH = 200


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel's HTML, and a number that grows whenever it changes."""

    html: str
    version: int


class Hub:
    """Started and stopped with the application."""

    def __init__(
        self,
        register: Register,
        renderer: Renderer,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.register = register
        self.renderer = renderer
        self.now = now
        self.epoch = ""
        self.number = 0
        self.changed = asyncio.Event()
        self._recent: deque[FeedEntry] = deque(maxlen=RECENT)
        self._html: dict[tuple[str, int], str] = {}
        self._frames: dict[str, Frame] = {}
        self._panels: dict[str, dict[str, Panel]] = {}
        self._watching: Counter[str] = Counter()
        self._version = 0
        self._dirty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to follow the feed from where it stands."""
        self.epoch, self.number = await self.register.head()
        self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._keep_panels())]

    async def stop(self) -> None:
        """End both tasks; streams end by themselves."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    # For readers

    @asynccontextmanager
    async def watching(self, language: str) -> AsyncIterator[None]:
        """While somebody looks in this language its panels are kept up to date."""
        self._watching[language] += 1
        try:
            yield
        finally:
            self._watching[language] -= 1

    async def picture(self) -> Picture:
        """Everything as it stands now."""
        register = self.register
        missions, agreements, memberships, candidacies = await asyncio.gather(
            register.missions(), register.agreements(), register.memberships(), register.candidacies()
        )
        return Picture(tuple(missions), tuple(agreements), tuple(memberships), tuple(candidacies))

    async def panels(self, language: str) -> dict[str, Panel]:
        """The panels that everybody sees who filters nothing."""
        if language not in self._panels:
            await self._make((language,))
        return self._panels[language]

    async def entries(self, after: int) -> list[FeedEntry]:
        """Up to ``BATCH`` entries numbered higher, oldest first."""
        if after >= self.number:
            return []
        if self._recent and self._recent[0].number <= after + 1:
            return [entry for entry in self._recent if entry.number > after][:BATCH]
        entries = await self.register.feed(after=after, limit=BATCH)
        return entries if entries and entries[0].epoch == self.epoch else []

    def entry_html(self, entry: FeedEntry, language: str) -> str:
        """One line of the feed; made once per language."""
        key = (language, entry.number)
        html = self._html.get(key)
        if html is None:
            if len(self._html) > 2 * RECENT:
                self._html.clear()
            html = str(self.renderer.entry(entry, self._frame(language)))
            self._html[key] = html
        return html

    # Behind the scenes

    def _frame(self, language: str) -> Frame:
        """The circumstances of a line, made once a second: of the time it shows only which day it is."""
        now = self.now().replace(microsecond=0)
        frame = self._frames.get(language)
        if frame is None or frame.clock.now != now:
            frame = self._frames[language] = self.renderer.frame(Lens(language), now)
        return frame

    async def _follow(self) -> None:
        while True:
            try:
                epoch, number = await self.register.head()
                if epoch != self.epoch:
                    self._begin_again(epoch, number)
                if await self.register.wait(self.number, timeout=1.0) > self.number:
                    await self._take_in()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever fails here, the page must come back by itself
                log.warning("the feed cannot be followed: %s", type(error).__name__)
                await asyncio.sleep(1)

    def _begin_again(self, epoch: str, number: int) -> None:
        """The feed was rebuilt: its numbers mean something else now, and pages begin anew at its end."""
        self.epoch, self.number = epoch, number
        self._recent.clear()
        self._html.clear()
        self._dirty.set()
        self._tell()

    async def _take_in(self) -> None:
        entries = await self.register.feed(after=self.number, limit=BATCH)
        if not entries or entries[0].epoch != self.epoch:
            return  # of another feed: it is begun anew at the next turn
        # Kept only as long as they join on to each other, so that nobody is served a gap.
        if self._recent and self._recent[-1].number + 1 != entries[0].number:
            self._recent.clear()
        self._recent.extend(entries)
        self.number = entries[-1].number
        self._dirty.set()
        self._tell()

    async def _keep_panels(self) -> None:
        settle = SWEEP_S
        while True:
            changed = True
            try:
                async with asyncio.timeout(settle):
                    await self._dirty.wait()
            except TimeoutError:
                changed = False
            await asyncio.sleep(PAUSE_S if changed else 0)
            self._dirty.clear()
            began = time.monotonic()
            languages = tuple(language for language, readers in self._watching.items() if readers)
            for language in set(self._panels) - set(languages):
                del self._panels[language]
            try:
                if languages:
                    await self._make(languages)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("the panels cannot be made: %s", type(error).__name__, exc_info=error)
            settle = SETTLE_S if changed else SWEEP_S
            await asyncio.sleep(min(MOST_REST_S, SHARE * (time.monotonic() - began)))

    async def _make(self, languages: tuple[str, ...]) -> None:
        picture = await self.picture()
        news = False
        for language in languages:
            # In a thread, so that entries and requests are answered meanwhile.
            frame = self.renderer.frame(Lens(language), self.now())
            made = await asyncio.to_thread(self.renderer.panels, picture, frame)
            known = self._panels.get(language, {})
            self._panels[language] = {
                name: self._panel(known.get(name), str(html)) for name, html in made.items()
            }
            news = news or self._panels[language] != known
            await asyncio.sleep(0)
        if news:
            self._tell()

    def _panel(self, known: Panel | None, html: str) -> Panel:
        if known is not None and known.html == html:
            return known
        self._version += 1
        return Panel(html, self._version)

    def _tell(self) -> None:
        """Wake every reader; each gets a fresh event to wait on."""
        told, self.changed = self.changed, asyncio.Event()
        told.set()
