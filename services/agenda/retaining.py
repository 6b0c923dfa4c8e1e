"""Missions whose people may be kept no longer, found among all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Final

from services.agenda.commands import Missions
from services.agenda.domain.retention import kept_too_long, names_somebody
from shared.places.today import CityDay
from shared.privacy.retention import Look, Outlived
from shared.store.driver import Database
from shared.store.setup import ERASURES

KEPT_LONG_ENOUGH: Final = "Retention: the mission ended PONTE_RETENTION_MONTHS_MISSIONS months ago"
_PAGE: Final = 200


def outlived(
    missions: Callable[[], Missions], database: Callable[[], Database], days: CityDay, months: int
) -> Look:
    """Tells the missions whose ``months`` are over, but for those of which everybody has been erased."""

    async def look(today: date) -> AsyncIterator[Outlived]:
        after: str | None = None
        while page := await missions().page(after=after, limit=_PAGE):
            after = page[-1].subject
            over = [
                each for each in page if kept_too_long(each.state, months=months, today=today, day_of=days.of)
            ]
            erased = await _erased_before(database(), [each.subject for each in over])
            for each in over:
                # Somebody who was taken off the delegation still stands in the mission's past.
                if names_somebody(each.state) or each.subject not in erased:
                    yield Outlived(each.subject)

    return look


async def _erased_before(database: Database, subjects: list[str]) -> set[str]:
    """Those of ``subjects`` that an erasure of whole records has gone through, or is about to."""
    rows = database[ERASURES].find({"records": {"$in": subjects}}, {"records": 1})
    return {record for row in await rows.to_list() for record in row["records"]}
