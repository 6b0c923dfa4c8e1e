"""The reactions that a rule of this unit refused: an officer decides what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from shared.identity import Action, allow
from shared.messaging.reacting import REFUSED_REACTIONS
from shared.store import Database
from shared.web.envelopes import Page
from shared.web.language import language_of
from shared.web.reading import Limit, When


class RefusedReaction(BaseModel):
    """What another unit told, and why this one could not follow."""

    model_config = ConfigDict(frozen=True)

    event: str = Field(description="Subject, epoch and sequence of the other unit's event")
    type: str = Field(description="The type of that event")
    subject: str
    code: str = Field(description="Which rule refused, as a stable word")
    reason: str = Field(description="The rule as a sentence, in the caller's language")
    at: datetime


def refused_router(database: Callable[[], Database]) -> APIRouter:
    """`GET /v1/refused-reactions`; ``database`` is asked at every request."""
    may_see = [allow(Action.SYSTEM_REFUSED_REACTIONS)]
    router = APIRouter(prefix="/v1/refused-reactions", tags=["reactions"], dependencies=may_see)

    @router.get("", summary="What this unit could not follow")
    async def list_refused(
        request: Request,
        after: Annotated[When | None, Query(description="The `next` of the page before")] = None,
        limit: Limit = 50,
    ) -> Page[RefusedReaction]:
        """The latest first."""
        query = {} if after is None else {"at": {"$lt": after}}
        found = database()[REFUSED_REACTIONS].find(query).sort("at", -1).limit(limit + 1)
        rows = await found.to_list(length=limit + 1)
        language = language_of(request.scope)
        items = [
            RefusedReaction(
                event=row["_id"],
                type=row["type"],
                subject=row["subject"],
                code=row["code"],
                reason=row["texts"][language],
                at=row["at"],
            )
            for row in rows[:limit]
        ]
        return Page(items=items, next=items[-1].at.isoformat() if len(rows) > limit else None)

    return router
