"""The stream of a page: missing entries in order and once, then the panels, then whatever changes.

Events: ``entry`` (id ``EPOCH.NUMBER``, the line's HTML), ``panel`` (``{"panel", "html"}``), ``beat`` every
five seconds with the head of the feed, ``reload`` when the feed was rebuilt or too much is missing,
``signed-out`` when the session has ended.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from fastapi.sse import format_sse_event

from services.dashboard.hub import Hub, Panel
from services.dashboard.news import News
from services.dashboard.register import FeedEntry
from services.dashboard.views.frame import Frame
from services.dashboard.views.lens import Lens

BEAT_S = 5.0
MOST_MISSING = 1000
"""Beyond this a page is quicker made new than brought up to date line by line."""
CHECK_S = 30.0
"""How often the stream looks whether its session still holds."""
SINCE_S = 0.25
"""The strip of changes grows with every entry; it is told so often at most."""


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
        self._panels: dict[str, Panel] = {}
        self._since = ""
        self._since_at = float("-inf")
        self._since_due = True

    async def chunks(self) -> AsyncIterator[bytes]:
        """Everything that this reader is sent, until it goes, its session ends or the service stops.

        What there is at one moment goes out in one piece: each piece costs a call of the system.
        """
        hub = self._hub
        place = self._place()
        if place is None:
            yield _event("reload", {})
            return
        beat = check = time.monotonic()
        yield self._beat(retry=2000)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            async with hub.watching(self._lens.language):
                epoch = hub.epoch
                while not stopping.done():
                    changed = hub.changed
                    if hub.epoch != epoch:
                        yield _event("reload", {})
                        return
                    while entries := await hub.entries(place):
                        place = entries[-1].number
                        yield self._entries(entries)
                    if told := await self._fresh():
                        yield told
                    now = time.monotonic()
                    if now - beat >= BEAT_S:
                        beat = now
                        self._since_due = True  # it may tell of the day
                        yield self._beat()
                    if now - check >= CHECK_S:
                        check = now
                        if not await self._holds():
                            yield _event("signed-out", {})
                            return
                    due = min(beat + BEAT_S, self._since_at + SINCE_S if self._since_due else float("inf"))
                    await _either(changed, stopping, max(0.01, due - time.monotonic()))
        finally:
            stopping.cancel()

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

    def _entries(self, entries: Sequence[FeedEntry]) -> bytes:
        pieces = []
        for entry in entries:
            self._news.add(entry)
            html = self._hub.entry_html(entry, self._lens.language)
            pieces.append(format_sse_event(event="entry", id=f"{entry.epoch}.{entry.number}", data_str=html))
        self._since_due = True
        return b"".join(pieces)

    async def _fresh(self) -> bytes:
        """The panels that are new to this reader, the strip of changes among them."""
        pieces = []
        panels = await self._hub.panels(self._lens.language)
        if panels is not self._panels:
            known, self._panels = self._panels, panels
            for name, panel in panels.items():
                if name not in known or known[name].version != panel.version:
                    pieces.append(_event("panel", {"panel": name, "html": panel.html}))
        now = time.monotonic()
        if self._since_due and now - self._since_at >= SINCE_S:
            self._since_due, self._since_at = False, now
            news = self._news
            since = self._hub.renderer.since(news.counted, news.since, self._frame(), capped=news.capped)
            if since != self._since:
                self._since = str(since)
                pieces.append(_event("panel", {"panel": "since", "html": self._since}))
        return b"".join(pieces)

    def _frame(self) -> Frame:
        return self._hub.renderer.frame(self._lens, self._hub.now())

    def _beat(self, retry: int | None = None) -> bytes:
        """That the stream lives, how far the feed goes, and which day it is in the city."""
        hub = self._hub
        day = hub.now().astimezone(hub.renderer.city.zone).date().isoformat()
        return _event("beat", {"epoch": hub.epoch, "number": hub.number, "day": day}, retry=retry)


def _event(name: str, data: dict[str, Any], *, retry: int | None = None) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data, ensure_ascii=False), retry=retry)


async def _either(changed: asyncio.Event, stopping: asyncio.Future[Any], seconds: float) -> None:
    """Until something changes, the service stops or ``seconds`` are over."""
    wait = asyncio.ensure_future(changed.wait())
    try:
        await asyncio.wait((wait, stopping), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        wait.cancel()
        with suppress(asyncio.CancelledError):
            await wait
