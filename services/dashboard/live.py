"""The stream of a page: missing entries in order and once, then the panels, then whatever changes.

Events: ``entry`` (id ``EPOCH.NUMBER``, the line's HTML), ``panel`` (``{"panel", "html"}``), ``beat`` every
five seconds with the head of the feed, ``reload`` when the feed was rebuilt or too much is missing,
``signed-out`` when the session has ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from fastapi.sse import ServerSentEvent

from services.dashboard.hub import Hub
from services.dashboard.news import News
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens

BEAT_S = 5.0
MOST_MISSING = 1000
"""Beyond this a page is quicker made new than brought up to date line by line."""
CHECK_S = 30.0
"""How often the stream looks whether its session still holds."""


class Stream:
    """One reader's stream.

    ``after`` is the ``EPOCH.NUMBER`` that the reader has seen (None: nothing, from now on); ``news`` what is
    new to this person; ``holds`` says whether the session still does and notes that the page is open.
    """

    def __init__(
        self,
        hub: Hub,
        language: str,
        after: str | None,
        *,
        news: News,
        holds: Callable[[], Awaitable[bool]],
        stopping: asyncio.Event,
    ) -> None:
        self._hub = hub
        self._lens = Lens(language)
        self._after = after
        self._news = news
        self._holds = holds
        self._stopping = stopping
        self._seen: dict[str, int] = {}
        self._told_since = ""

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        """Everything that this reader is sent, until it goes, its session ends or the service stops."""
        hub = self._hub
        place = self._place()
        if place is None:
            yield ServerSentEvent(event="reload", data={})
            return
        beat = check = time.monotonic()
        yield self._beat(retry=2000)
        async with hub.watching(self._lens.language):
            epoch = hub.epoch
            while not self._stopping.is_set():
                changed = hub.changed
                if hub.epoch != epoch:
                    yield ServerSentEvent(event="reload", data={})
                    return
                while entries := await hub.entries(place):
                    for entry in entries:
                        place = entry.number
                        self._news.add(entry)
                        html = hub.entry_html(entry, self._lens.language)
                        yield ServerSentEvent(
                            event="entry", id=f"{entry.epoch}.{entry.number}", raw_data=html
                        )
                async for panel in self._panels():
                    yield panel
                now = time.monotonic()
                if now - beat >= BEAT_S:
                    beat = now
                    yield self._beat()
                if now - check >= CHECK_S:
                    check = now
                    if not await self._holds():
                        yield ServerSentEvent(event="signed-out", data={})
                        return
                await self._wait(changed, max(0.05, beat + BEAT_S - time.monotonic()))

    def _place(self) -> int | None:
        """The number after which to go on; None where the page had better be loaded anew."""
        hub = self._hub
        if self._after is None:
            return hub.number
        epoch, _, number = self._after.rpartition(".")
        if epoch != hub.epoch or not number.isdecimal():
            return None
        place = int(number)
        # A page that another replica made may be ahead of this one: then nothing is missing yet.
        return place if hub.number - place <= MOST_MISSING else None

    async def _panels(self) -> AsyncIterator[ServerSentEvent]:
        """The panels that are new to this reader, the strip of changes among them."""
        for name, panel in (await self._hub.panels(self._lens.language)).items():
            if self._seen.get(name) != panel.version:
                self._seen[name] = panel.version
                yield ServerSentEvent(event="panel", data={"panel": name, "html": panel.html})
        html = str(
            self._hub.renderer.since(
                self._news.counted, self._news.since, self._frame(), capped=self._news.capped
            )
        )
        if html != self._told_since:
            self._told_since = html
            yield ServerSentEvent(event="panel", data={"panel": "since", "html": html})

    def _frame(self) -> Frame:
        return self._hub.renderer.frame(self._lens, self._hub.now())

    def _beat(self, retry: int | None = None) -> ServerSentEvent:
        """That the stream lives, how far the feed goes, and which day it is in the city."""
        hub = self._hub
        day = hub.now().astimezone(hub.renderer.city.zone).date().isoformat()
        data = {"epoch": hub.epoch, "number": hub.number, "day": day}
        return ServerSentEvent(event="beat", data=data, retry=retry)

    async def _wait(self, changed: asyncio.Event, seconds: float) -> None:
        """Until something changes, the service stops or the next beat is due."""
        waits = [asyncio.ensure_future(changed.wait()), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
                with suppress(asyncio.CancelledError):
                    await wait
