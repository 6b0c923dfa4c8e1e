"""HTTP in: the routes of networks. Only translation; what may happen is decided in ``domain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response

from services.networks import commands
from services.networks.bodies import (
    DoneIn,
    DutyAccepted,
    DutyIn,
    EndIn,
    MandateAccepted,
    MandateIn,
    MembershipIn,
    MembershipOut,
)
from services.networks.commands import Memberships
from services.networks.domain import Correction
from shared.contracts.base import Unit
from shared.contracts.networks import Duty, Mandate, Membership
from shared.handover.responsible import ResponsibleFilter, responsible_for
from shared.identity import Action, Identity, allow, may
from shared.places.today import CityDay
from shared.store import Command
from shared.web import Accepted, Page, command, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, accepted, history, new_id, page, record

WRITE_FOR: Final[dict[Unit, Action]] = {
    Unit.CITY: Action.NETWORKS_WRITE_CITY,
    Unit.EUROPEAN: Action.NETWORKS_WRITE_EUROPEAN,
    Unit.PARTNERSHIPS: Action.NETWORKS_WRITE_PARTNERSHIPS,
}
"""Which right it takes to write a unit's memberships; whoever has one of them passes the door."""

READ: Final = [allow(Action.NETWORKS_READ)]
Writer = Annotated[Identity, allow(*WRITE_FOR.values())]
MembershipId = Annotated[str, Path(max_length=80)]
PartId = Annotated[str, Path(max_length=80)]


def memberships_router(memberships: Callable[[], Memberships], days: CityDay) -> APIRouter:
    """The routes ``/v1/memberships/...``.

    ``memberships`` is asked at every request, because the store opens only when the service starts.
    """
    router = APIRouter(prefix="/v1/memberships", tags=["memberships"])

    @router.get("", summary="Memberships", dependencies=READ)
    async def list_memberships(
        after: After = None,
        limit: Limit = 50,
        unit: Annotated[Unit | None, Query()] = None,
        responsible: ResponsibleFilter = None,
    ) -> Page[Record[MembershipOut]]:
        """The memberships by id, of one unit if asked."""
        wanted = {"membership.unit": unit, "responsible": responsible}
        where = {name: value for name, value in wanted.items() if value is not None}
        return await page(memberships(), MembershipOut.of, after=after, limit=limit, where=where)

    @router.get("/{membership_id}", summary="One membership", dependencies=READ)
    async def show_membership(membership_id: MembershipId, response: Response) -> Record[MembershipOut]:
        """One membership with its mandates, duties and counts."""
        loaded = await memberships().get(membership_id)
        set_version(response, loaded.version)
        return record(loaded, MembershipOut.of)

    @router.get("/{membership_id}/history", summary="What happened to a membership", dependencies=READ)
    async def membership_history(membership_id: MembershipId) -> Page[HistoryEntry]:
        """Everything that happened to the membership, in order."""
        return await history(memberships(), membership_id)

    @router.post("", summary="Register a membership", status_code=201)
    async def register_membership(
        who: Writer,
        body: MembershipIn,
        context: Annotated[Command, command("register-membership")],
        response: Response,
    ) -> Accepted:
        """Enter a membership of a city network into the register."""
        membership = Membership(membership_id=new_id("membership", context), **dict(body))
        receipt = await commands.register(
            memberships(), context, membership, responsible=responsible_for(who), **_rights(who, context)
        )
        response.headers["Location"] = f"/v1/memberships/{receipt.subject}"
        return accepted(receipt, response)

    @router.post("/{membership_id}/correct", summary="Correct what was recorded")
    async def correct_membership(
        who: Writer,
        membership_id: MembershipId,
        body: Correction,
        context: Annotated[Command, command("correct-membership")],
        response: Response,
    ) -> Accepted:
        """Put right what was recorded wrongly; fields left out stay, lists are replaced whole."""
        receipt = await commands.correct(memberships(), context, membership_id, body, **_rights(who, context))
        return accepted(receipt, response)

    @router.post("/{membership_id}/mandates", summary="Record a mandate", status_code=201)
    async def record_mandate(
        who: Writer,
        membership_id: MembershipId,
        body: MandateIn,
        context: Annotated[Command, command("record-mandate")],
        response: Response,
    ) -> MandateAccepted:
        """Record who holds an office of the network, since when and until when."""
        mandate = Mandate(mandate_id=new_id("mandate", context), **dict(body))
        receipt = await commands.record_mandate(
            memberships(), context, membership_id, mandate, **_rights(who, context)
        )
        return MandateAccepted(**dict(accepted(receipt, response)), mandate_id=mandate.mandate_id)

    @router.post("/{membership_id}/mandates/{mandate_id}/end", summary="End a mandate")
    async def end_mandate(
        who: Writer,
        membership_id: MembershipId,
        mandate_id: PartId,
        body: EndIn,
        context: Annotated[Command, command("end-mandate")],
        response: Response,
    ) -> Accepted:
        """Say when a mandate ended or will end."""
        receipt = await commands.end_mandate(
            memberships(), context, membership_id, mandate_id, body.until, **_rights(who, context)
        )
        return accepted(receipt, response)

    @router.post("/{membership_id}/duties", summary="Set a duty", status_code=201)
    async def set_duty(
        who: Writer,
        membership_id: MembershipId,
        body: DutyIn,
        context: Annotated[Command, command("set-duty")],
        response: Response,
    ) -> DutyAccepted:
        """Note a duty of the membership: a fee, a report, a nomination, a vote."""
        duty = Duty(duty_id=new_id("duty", context), **dict(body))
        receipt = await commands.set_duty(
            memberships(), context, membership_id, duty, **_rights(who, context)
        )
        return DutyAccepted(**dict(accepted(receipt, response)), duty_id=duty.duty_id)

    @router.post("/{membership_id}/duties/{duty_id}/done", summary="Mark a duty as done")
    async def mark_duty_done(
        who: Writer,
        membership_id: MembershipId,
        duty_id: PartId,
        body: DoneIn,
        context: Annotated[Command, command("mark-duty-done")],
        response: Response,
    ) -> Accepted:
        """Say on which day a duty was done."""
        rights = _rights(who, context)
        done_on = body.done_on or rights["today"]
        receipt = await commands.mark_duty_done(
            memberships(), context, membership_id, duty_id, done_on, **rights
        )
        return accepted(receipt, response)

    def _rights(who: Identity, context: Command) -> dict[str, Any]:
        units = frozenset(unit for unit, action in WRITE_FOR.items() if may(who, action))
        return {"units": units, "today": days.of(context.at)}

    return router
