"""``POST /v1/handovers``, the same in every service that owns records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import LongText
from shared.contracts.substitutions import UserId
from shared.domain import DomainError
from shared.handover.passing import Handover, Share, pass_on
from shared.identity import Action, allow
from shared.store import Command
from shared.web import Body, command
from shared.web.reading import Int64


class SamePerson(DomainError):
    """Who leaves and who takes over are the same."""

    code = "same-person"
    title: ClassVar[dict[str, str]] = {"en": "The same person", "it": "La stessa persona"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is who leaves: nothing would be handed over.",
        "it": "{field} {value!r} è chi lascia: non ci sarebbe alcun passaggio di consegne.",
    }


class HandoverIn(Body):
    """Who leaves, who takes over, and why. Ids are the provider's opaque ones (the token's `sub`)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"from": "8c1f0b52", "to": "77aa41c9", "reason": "Retirement"}]}
    )

    leaving: UserId = Field(alias="from", description="Who answers for it today")
    taking: UserId = Field(alias="to", description="Who answers for it from now on")
    reason: Annotated[LongText, Field(min_length=1, description="Kept with each record")]
    at_most: int = Field(
        default=1000,
        ge=1,
        le=1000,
        description="So many records in this call; `left` tells whether it takes another",
        json_schema_extra={"format": "int32"},
    )


class HandoverOut(BaseModel):
    """What this call has done. While `left` is more than 0, the same request goes on."""

    model_config = ConfigDict(frozen=True)

    passed_on: Int64 = Field(description="Records that were passed on")
    ended: Int64 = Field(description="Substitutions of who leaves that were ended")
    left: Int64 = Field(description="What the next call would find")


def handover_router(shares: Sequence[Share]) -> APIRouter:
    """The route; ``shares`` are the kinds of records that this service owns."""
    router = APIRouter(
        prefix="/v1/handovers", tags=["handovers"], dependencies=[allow(Action.SYSTEM_HAND_OVER)]
    )

    @router.post("", summary="Hand over")
    async def hand_over(body: HandoverIn, context: Annotated[Command, command("hand-over")]) -> HandoverOut:
        """Pass on everything that somebody answers for, and end the substitutions of who leaves.

        Sent again, it goes on where it stood, with or without a key; when all is done it changes nothing.
        Each record tells of it as a correction. `ponte handover` asks every service.
        """
        if body.leaving == body.taking:
            raise SamePerson(field="to", value=body.taking)
        handover = Handover(body.leaving, body.taking, body.reason)
        passed = await pass_on(shares, handover, context, body.at_most)
        return HandoverOut(passed_on=passed.passed_on, ended=passed.ended, left=passed.left)

    return router
