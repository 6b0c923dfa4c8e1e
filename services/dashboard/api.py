"""The read side for programs: the feed, and the page's counters and lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from services.dashboard.domain.alert import Gravity
from services.dashboard.domain.alerts import find_alerts
from services.dashboard.domain.picture import LIVE_MISSIONS, Clock
from services.dashboard.hub import Hub
from services.dashboard.register import FeedEntry
from shared.contracts.agenda import Mission
from shared.contracts.base import Unit
from shared.identity import Action, allow

_INT64: dict[str, JsonValue] = {"format": "int64"}
Number = Annotated[int | None, Query(ge=0, le=2**53, json_schema_extra=_INT64)]
NEXT = 20
"""How many coming missions the overview lists."""


class FeedItem(BaseModel):
    """One event. ``number`` counts the feed, ``epoch`` and ``sequence`` are those of the subject."""

    model_config = ConfigDict(frozen=True)

    feed_epoch: str
    number: int = Field(ge=1, json_schema_extra=_INT64)
    subject: str
    epoch: int = Field(ge=0, json_schema_extra=_INT64)
    sequence: int = Field(ge=0, json_schema_extra=_INT64)
    type: str
    time: AwareDatetime
    recorded_at: AwareDatetime
    unit: Unit
    data: dict[str, Any] = Field(description="The event's body, as its contract says")


class FeedPage(BaseModel):
    """Entries, newest first, or oldest first with ``after``. ``next`` is the address of what follows."""

    model_config = ConfigDict(frozen=True)

    items: list[FeedItem]
    next: str | None


class AlertItem(BaseModel):
    """An alert by the name of its rule and the subjects that it speaks of."""

    model_config = ConfigDict(frozen=True)

    rule: str
    gravity: Gravity
    unit: Unit
    subjects: list[str]


class Overview(BaseModel):
    """How things stand: counters by state, what is next, what is late or clashes."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    feed_epoch: str
    feed_number: int = Field(ge=0, json_schema_extra=_INT64)
    missions: dict[str, int]
    agreements: dict[str, dict[str, int]] = Field(description="By kind, then by status")
    memberships: dict[str, int] = Field(description="By unit")
    candidacies: dict[str, int]
    next: list[Mission]
    alerts: list[AlertItem]


def api_router(hub: Callable[[], Hub]) -> APIRouter:
    """The routes below ``/v1``."""
    router = APIRouter(prefix="/v1", tags=["dashboard"])

    @router.get("/feed", summary="What happened", dependencies=[allow(Action.FEED_READ)])
    async def list_feed(
        before: Number = None,
        after: Number = None,
        limit: Annotated[int, Query(ge=1, le=200, json_schema_extra={"format": "int32"})] = 50,
    ) -> FeedPage:
        """Events in the order in which the dashboard took them in. With `after`: those that came later."""
        entries = await hub().register.feed(before=before, after=after, limit=limit)
        following = None
        if len(entries) == limit:
            side = "before" if after is None else "after"
            following = f"/v1/feed?limit={limit}&{side}={entries[-1].number}"
        return FeedPage(items=[_item(entry) for entry in entries], next=following)

    @router.get("/overview", summary="How things stand", dependencies=[allow(Action.OVERVIEW_READ)])
    async def get_overview() -> Overview:
        """The counters and lists of the Director's page."""
        here = hub()
        picture, now = await here.picture(), here.now()
        coming = sorted(
            (m for m in picture.missions if m.status in LIVE_MISSIONS and m.ends_at >= now),
            key=lambda mission: (mission.starts_at, mission.mission_id),
        )
        kinds: dict[str, Counter[str]] = {}
        for agreement in picture.agreements:
            kinds.setdefault(agreement.kind, Counter())[agreement.status.status] += 1
        return Overview(
            at=now,
            feed_epoch=here.epoch,
            feed_number=here.number,
            missions=_counted(mission.status for mission in picture.missions),
            agreements={kind: dict(counted) for kind, counted in sorted(kinds.items())},
            memberships=_counted(membership.unit for membership in picture.memberships),
            candidacies=_counted(candidacy.status for candidacy in picture.candidacies),
            next=coming[:NEXT],
            alerts=[
                AlertItem(rule=a.rule, gravity=a.gravity, unit=a.unit, subjects=list(a.subjects))
                for a in find_alerts(picture, Clock(now, here.renderer.city.zone))
            ],
        )

    return router


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(str(word) for word in words).items()))


def _item(entry: FeedEntry) -> FeedItem:
    return FeedItem(
        feed_epoch=entry.epoch,
        number=entry.number,
        subject=entry.subject,
        epoch=entry.aggregate_epoch,
        sequence=entry.sequence,
        type=entry.type,
        time=entry.time,
        recorded_at=entry.recorded_at,
        unit=entry.unit,
        data=entry.data,
    )
