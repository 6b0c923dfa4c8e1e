"""A register in memory and events for it: what the page is tested with, not what it runs on."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from services.dashboard.domain.picture import Picture
from services.dashboard.register import FeedEntry
from services.dashboard.tests.facts import NOW, a_candidacy, a_mission, a_twinning
from shared.contracts.agenda import Mission, MissionCancelled, MissionScheduled
from shared.contracts.agreements import Agreement, AgreementRegistered
from shared.contracts.base import EventData, Unit
from shared.contracts.dossiers import Candidacy, CandidacyConsidered
from shared.contracts.networks import Membership


class MemoryRegister:
    """Implements the port ``Register``."""

    def __init__(self, picture: Picture | None = None, *, epoch: str = "f1") -> None:
        self.picture = picture or Picture()
        self.epoch = epoch
        self.rows: list[FeedEntry] = []
        self.visits: dict[str, datetime] = {}
        self._moved = asyncio.Condition()

    async def missions(self) -> list[Mission]:
        return list(self.picture.missions)

    async def agreements(self) -> list[Agreement]:
        return list(self.picture.agreements)

    async def memberships(self) -> list[Membership]:
        return list(self.picture.memberships)

    async def candidacies(self) -> list[Candidacy]:
        return list(self.picture.candidacies)

    async def feed(
        self, *, before: int | None = None, after: int | None = None, limit: int
    ) -> list[FeedEntry]:
        if after is not None:
            return [row for row in self.rows if row.number > after][:limit]
        newest = [row for row in reversed(self.rows) if before is None or row.number < before]
        return newest[:limit]

    async def head(self) -> tuple[str, int]:
        return self.epoch, len(self.rows)

    async def wait(self, after: int, timeout: float) -> int:
        async with self._moved:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait_for(lambda: len(self.rows) > after), timeout)
        return len(self.rows)

    async def last_visit(self, person: str) -> datetime | None:
        return self.visits.get(person)

    async def visited(self, person: str, at: datetime) -> None:
        self.visits[person] = at

    async def append(self, *entries: FeedEntry) -> None:
        self.rows.extend(entries)
        async with self._moved:
            self._moved.notify_all()

    async def begin_again(self, epoch: str) -> None:
        """The feed is rebuilt: other numbers under another epoch."""
        self.epoch, self.rows = epoch, []
        async with self._moved:
            self._moved.notify_all()


def an_entry(number: int, event: EventData | None = None, **changes: Any) -> FeedEntry:
    """The entry ``number`` of the feed, recorded that many minutes after a day before ``NOW``."""
    event = event or MissionScheduled(mission=a_mission(f"mission-{number}", title=f"Missione {number}"))
    subject, unit = _subject(event)
    fields: dict[str, Any] = {
        "epoch": "f1",
        "number": number,
        "subject": subject,
        "aggregate_epoch": 1,
        "sequence": 1,
        "type": event.TYPE,
        "time": NOW - timedelta(days=1) + timedelta(minutes=number),
        "recorded_at": NOW - timedelta(days=1) + timedelta(minutes=number),
        "unit": unit,
        "data": event.model_dump(mode="json"),
    }
    return FeedEntry(**{**fields, **changes})


def mixed(count: int) -> list[FeedEntry]:
    """Entries of several kinds and units, every seventh a grave one."""
    makers = (
        lambda n: MissionScheduled(mission=a_mission(f"mission-{n}")),
        lambda n: AgreementRegistered(agreement=a_twinning(agreement_id=f"twinning-{n}")),
        lambda n: CandidacyConsidered(candidacy=a_candidacy(candidacy_id=f"candidacy-{n}")),
    )
    entries = []
    for number in range(1, count + 1):
        event: EventData = makers[number % 3](number)
        if number % 7 == 0:
            mission = a_mission(f"mission-{number}", status="cancelled", reason="Rinviata")
            event = MissionCancelled(mission=mission)
        entries.append(an_entry(number, event))
    return entries


def numbers(entries: Sequence[FeedEntry]) -> list[int]:
    return [entry.number for entry in entries]


def _subject(event: EventData) -> tuple[str, Unit]:
    for name, unit in (
        ("mission", Unit.CITY),
        ("agreement", Unit.CITY),
        ("membership", Unit.EUROPEAN),
        ("candidacy", Unit.PARTNERSHIPS),
    ):
        about = getattr(event, name, None)
        if about is not None:
            return str(getattr(about, f"{name}_id")), unit
    raise TypeError(type(event).__name__)
