"""Holders of mandates who may be kept no longer, found in all memberships and in their past."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Final

from services.networks.commands import Memberships
from services.networks.domain.retention import kept_too_long, over
from shared.contracts.networks import Membership
from shared.privacy.retention import Look, Outlived

KEPT_LONG_ENOUGH: Final = "Retention: the mandate ended PONTE_RETENTION_MONTHS_MANDATES months ago"
_PAGE: Final = 200


def outlived(memberships: Callable[[], Memberships], months: int) -> Look:
    """Tells for each membership the holders whose ``months`` are over."""

    async def look(today: date) -> AsyncIterator[Outlived]:
        after: str | None = None
        while page := await memberships().page(after=after, limit=_PAGE):
            after = page[-1].subject
            for each in page:
                if not over(each.state, months=months, today=today):
                    continue
                past = [
                    Membership.model_validate(event["data"]["membership"])
                    for event in await memberships().history(each.subject)
                ]
                people = kept_too_long(each.state, past, months=months, today=today)
                names = dict.fromkeys(person.name for person in people if person.name)
                ids = dict.fromkeys(person.person_id for person in people if person.person_id)
                if people:
                    yield Outlived(each.subject, tuple(names), tuple(ids))

    return look
