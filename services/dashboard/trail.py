"""The trail of all units as one list, newest first: asked of each unit, put together, with its place.

Each unit keeps its own and answers with pages; nothing of it is stored here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from services.dashboard.units import Bearer, Trouble, UnitFailed, Units
from services.dashboard.views.audit_search import SERVICES, Search

LENGTH: Final = 50
"""Entries of one page."""
_MOST_PAGES: Final = 40
"""Pages that one unit is asked for, for one page here: as many entries may have the very same time."""
_PAGE: Final = 200
_TICK: Final = timedelta(milliseconds=1)
PATH: Final = "/v1/audit"


class Change(BaseModel):
    """One field; null: there is no value. The text ``[…]`` stands where a value was erased."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    field: str
    before: Any = None
    after: Any = None


class Entry(BaseModel):
    """One entry of a unit's trail; what its kind does not have is null."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    kind: Literal["change", "refusal", "reading"]
    at: AwareDatetime
    service: str
    subject: str | None = None
    epoch: int | None = None
    sequence: int | None = None
    version: int | None = None
    type: str | None = None
    command: str | None = None
    actor: str | None = None
    on_behalf_of: str | None = None
    client: str | None = None
    origin: str | None = None
    changes: tuple[Change, ...] = ()
    reason: str | None = None
    action: str | None = None
    route: str | None = None
    method: str | None = None
    status: int | None = None
    hash: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The last entry that was shown. Those of the same time are ordered by unit, then as the unit does."""

    at: datetime
    service: str
    id: str

    @classmethod
    def of(cls, entry: Entry) -> Place:
        """The place of an entry."""
        return cls(entry.at, entry.service, entry.id)

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """The place in an address; null where it is none."""
        moment, _, rest = text.partition("~")
        service, _, entry = rest.partition("~")
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return None
        known = at.tzinfo is not None and service in SERVICES and 0 < len(entry) <= 300
        return cls(at, service, entry) if known else None

    def __str__(self) -> str:
        """As it stands in an address."""
        moment = self.at.astimezone(ZoneInfo("UTC")).isoformat().replace("+00:00", "Z")
        return f"{moment}~{self.service}~{self.id}"


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the trail. ``earlier`` is from where to go on; ``failed`` names the units that lack."""

    entries: tuple[Entry, ...]
    earlier: Place | None
    failed: tuple[UnitFailed, ...]
    asked: tuple[str, ...]

    @property
    def nobody_answered(self) -> bool:
        """Whether no unit gave anything: then the page is not empty, it is unknown."""
        return len(self.failed) == len(self.asked)


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, for whom, and by which clock its days are meant."""

    search: Search
    bearer: Bearer
    zone: ZoneInfo

    def fits(self, at: datetime) -> bool:
        """Whether the moment is of the days that are looked for, to the millisecond."""
        begins, ends = self.search.begins(self.zone), self.search.ends(self.zone)
        return (begins is None or at >= begins) and (ends is None or at < ends)


async def look(units: Units, question: Question, *, before: Place | None, length: int = LENGTH) -> Found:
    """The next ``length`` entries of all units that the search asks, newest first."""
    asked = question.search.services
    answers = await asyncio.gather(*(_of_unit(units, unit, question, before, length) for unit in asked))
    found = (entry for answer in answers if isinstance(answer, list) for entry in answer)
    # Stable: entries of the same time stay in the order of the units, and then in the unit's own.
    merged = sorted(found, key=lambda entry: entry.at, reverse=True)
    shown = tuple(merged[:length])
    return Found(
        entries=shown,
        earlier=Place.of(shown[-1]) if len(merged) > length else None,
        failed=tuple(answer for answer in answers if isinstance(answer, UnitFailed)),
        asked=asked,
    )


async def _of_unit(
    units: Units, unit: str, question: Question, before: Place | None, length: int
) -> list[Entry] | UnitFailed:
    """One more than ``length`` entries of one unit, so that it is seen whether more follow."""
    found: list[Entry] = []
    try:
        async for entry in remaining(_pages(units, unit, question, before, length), before):
            if question.fits(entry.at):
                found.append(entry)
            if len(found) > length:
                break
    except UnitFailed as failed:
        return failed
    return found


async def _pages(
    units: Units, unit: str, question: Question, before: Place | None, length: int
) -> AsyncIterator[Entry]:
    asked = question.search.params(question.zone, before.at + _TICK if before else None)
    # No more than are shown: a unit notes what is reserved in its answer as read.
    asked["limit"] = str(min(_PAGE, length + 1))
    for _ in range(_MOST_PAGES):
        answer = await units.get(unit, PATH, asked, question.bearer)
        for entry in read(unit, answer.get("items")):
            yield entry
        following = answer.get("next")
        if not isinstance(following, str) or not following:
            return
        asked = {**asked, "after": following, "limit": str(_PAGE)}
    raise UnitFailed(unit, Trouble.REFUSED)


def read(unit: str, rows: object) -> list[Entry]:
    """A unit's rows. Raises ``UnitFailed`` where they are none."""
    try:
        if not isinstance(rows, list):
            raise UnitFailed(unit, Trouble.UNFIT)
        # Whatever a row says of itself: what this unit answers is this unit's.
        return [Entry.model_validate({**row, "service": unit}) for row in rows]
    except (ValidationError, TypeError):
        raise UnitFailed(unit, Trouble.UNFIT) from None


async def remaining(entries: AsyncIterator[Entry], before: Place | None) -> AsyncIterator[Entry]:
    """The entries of one unit that come after ``before`` in the list of all units."""
    passed = False  # among entries of the place's own unit and time, those up to the place were shown
    async for entry in entries:
        if before is None:
            yield entry
            continue
        if entry.at > before.at:
            continue
        if entry.at == before.at:
            order = SERVICES.index(entry.service) - SERVICES.index(before.service)
            if order < 0:
                continue
            if order > 0 or passed:
                yield entry
            passed = passed or entry.id == before.id
            continue
        yield entry
