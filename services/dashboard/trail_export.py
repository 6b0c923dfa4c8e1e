"""The trail of all units as one CSV file, newest first, put together while it is downloaded.

Rows come as the units wrote them, with their cells safe for spreadsheets; only their order is made here. A
file that lacks a unit looks like any other, so it begins only when every unit has begun, and a unit that
breaks off breaks off the download.
"""

from __future__ import annotations

import asyncio
import csv
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from typing import Final

from services.dashboard.trail import Question
from services.dashboard.units import Trouble, UnitFailed, Units

log = logging.getLogger("ponte.dashboard.units")

PATH: Final = "/v1/audit/export"
_TIME: Final = "at"
_BOM: Final = "\ufeff"
_PIECE: Final = 64 * 1024
_LONGEST: Final = 8 * 1024 * 1024
"""Characters of one row: a record is at most as large as the unit's own limit for an event."""


class Export:
    """One download. ``begin`` opens it, ``pieces`` is its body, which closes it however it ends."""

    def __init__(self, units: Units, question: Question) -> None:
        self._units = units
        self._question = question
        self._stack = AsyncExitStack()
        self._body: AsyncGenerator[str] | None = None
        self._first = ""

    async def begin(self) -> None:
        """Wait until every unit has begun. Raises ``UnitFailed`` for the first that does not."""
        try:
            found = await asyncio.gather(
                *(self._open(unit) for unit in self._question.search.services), return_exceptions=True
            )
            rows = []
            for one in found:
                if isinstance(one, BaseException):
                    raise one
                rows.append(one)
            for one in rows:
                if one.head != rows[0].head:
                    raise UnitFailed(one.unit, Trouble.UNFIT)
        except BaseException:
            await self._stack.aclose()
            raise
        # Begun here, so that it closes the units' streams also where its browser is gone and nobody reads it.
        self._body = self._merged(rows)
        self._first = await anext(self._body)

    async def pieces(self) -> AsyncIterator[str]:
        """The file, in pieces. Raises ``UnitFailed`` where a unit breaks off: the file has no proper end."""
        if self._body is None:
            return
        async with aclosing(self._body):
            yield self._first
            async for piece in self._body:
                yield piece

    async def _merged(self, rows: list[_Rows]) -> AsyncGenerator[str]:
        async with self._stack:
            waiting = [_BOM, rows[0].head]
            size = len(rows[0].head)
            while left := [each for each in rows if each.row is not None]:
                # The first of equals: at the same time the order is that of the units, as on the page.
                newest = max(left, key=lambda each: each.at)
                if self._question.fits(newest.at):
                    waiting.append(newest.row or "")
                    size += len(waiting[-1])
                await newest.advance()
                if size >= _PIECE:
                    yield "".join(waiting)
                    waiting, size = [], 0
            yield "".join(waiting)

    async def _open(self, unit: str) -> _Rows:
        params = self._question.search.params(self._question.zone)
        stream = self._units.stream(unit, PATH, params, self._question.bearer)
        answer = await self._stack.enter_async_context(stream)
        rows = _Rows(unit, records(answer.aiter_text()))
        await rows.begin()
        return rows


class _Rows:
    """One unit's file, row by row: ``row`` as it was written, null at the end, and ``at`` its time."""

    def __init__(self, unit: str, found: AsyncIterator[str]) -> None:
        self.unit = unit
        self.head = ""
        self.row: str | None = None
        self.at = datetime.min.replace(tzinfo=UTC)
        self._found = found
        self._column = 0

    async def begin(self) -> None:
        """Read the head and the first row. Raises ``UnitFailed``."""
        self.head = (await self._next() or "").removeprefix(_BOM)
        names = _cells(self.head)
        if _TIME not in names:
            raise UnitFailed(self.unit, Trouble.UNFIT)
        self._column = names.index(_TIME)
        await self.advance()

    async def advance(self) -> None:
        """Go on to the next row. Raises ``UnitFailed`` where it has no time, or the unit breaks off."""
        self.row = await self._next()
        if self.row is None:
            return
        try:
            self.at = datetime.fromisoformat(_cells(self.row)[self._column])
            if self.at.tzinfo is None:
                raise ValueError
        except (ValueError, IndexError):
            raise UnitFailed(self.unit, Trouble.UNFIT) from None

    async def _next(self) -> str | None:
        import httpx

        try:
            return await anext(self._found, None)
        except (httpx.HTTPError, ValueError) as error:
            log.warning("%s broke off: %s", self.unit, type(error).__name__)
            raise UnitFailed(self.unit, Trouble.AWAY) from None


async def records(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """The rows of a CSV text, each with its line end; a line feed within quotes belongs to its row."""
    row = ""
    quoted = False
    async for piece in pieces:
        for part in _lines(piece):
            row += part
            quoted ^= part.count('"') % 2 == 1
            if part.endswith("\n") and not quoted:
                yield row
                row = ""
            elif len(row) > _LONGEST:
                raise ValueError("a row of the trail is too long")
    if row:
        yield row if row.endswith("\n") else f"{row}\r\n"


def _lines(piece: str) -> list[str]:
    """Parts that end in a line feed, and a rest; other separators of lines are text here."""
    *whole, rest = piece.split("\n")
    return [f"{part}\n" for part in whole] + ([rest] if rest else [])


def _cells(row: str) -> list[str]:
    return next(csv.reader([row]), [])
