"""HTTP in: translation only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from services.networks import commands
from services.networks.commands import Memberships
from services.networks.domain import Correction, MembershipState
from shared.contracts.base import Id, LongText, PartialDate, Person, Source, Text, Unit
from shared.contracts.exactly import EXACTLY
from shared.contracts.networks import DatedCount, Duty, Mandate, Membership, MembershipRole
from shared.identity import EVERYONE, Identity, Role, allow
from shared.places.today import CityDay
from shared.store import Command
from shared.web.commands import command
from shared.web.envelopes import Accepted, Body, Page, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, history, new_id, page, record

WRITES_FOR: Final[dict[Role, frozenset[Unit]]] = {
    Role.OFFICER_EUROPEAN: frozenset({Unit.EUROPEAN}),
    Role.OFFICER_PARTNERSHIPS: frozenset({Unit.PARTNERSHIPS}),
    Role.DIRECTOR: frozenset(Unit),
    Role.INTEGRATION: frozenset(Unit),
}
"""Which role writes for whose memberships."""

Writer = Annotated[Identity, allow(*WRITES_FOR)]
MembershipId = Annotated[str, Path(max_length=80)]
PartId = Annotated[str, Path(max_length=80)]


class NewMembership(Body):
    """A membership as it enters the register; its mandates and duties follow."""

    network: Text
    network_it: Text
    unit: Unit
    role: MembershipRole
    since: PartialDate | None = None
    counts: Annotated[tuple[DatedCount, ...], EXACTLY] = ()
    note: LongText | None = None
    note_it: LongText | None = None
    source: Annotated[Source, EXACTLY]
    as_of: PartialDate = Field(description="When the source said so")
    sample: bool = False


class NewMandate(Body):
    """Who holds which office of which body."""

    office: Text
    office_it: Text
    body: Text
    body_it: Text
    holder: Annotated[Person, EXACTLY]
    since: PartialDate | None = None
    until: PartialDate | None = None
    several: bool = Field(default=False, description="The office may be held by several at once")
    note: LongText | None = None
    note_it: LongText | None = None
    source: Annotated[Source, EXACTLY]
    as_of: PartialDate


class MandateEnd(Body):
    """When the mandate ended or will end."""

    until: PartialDate


class NewDuty(Body):
    """What the membership demands, and by when."""

    what: Text
    what_it: Text
    due_on: date
    sample: bool = False


class DutyDone(Body):
    """When the duty was done; today if left out."""

    done_on: date | None = None


class MandateAccepted(Accepted):
    """The answer to a new mandate."""

    mandate_id: Id


class DutyAccepted(Accepted):
    """The answer to a new duty."""

    duty_id: Id


def membership_router(memberships: Callable[[], Memberships], days: CityDay) -> APIRouter:
    """The routes ``/v1/memberships/...``; whoever is signed in may read.

    ``memberships`` is asked at every request, because the store opens only when the service starts.
    """
    router = APIRouter(prefix="/v1/memberships", tags=["memberships"], dependencies=[allow(*EVERYONE)])

    @router.get("")
    async def list_memberships(
        after: After = None, limit: Limit = 50, unit: Annotated[Unit | None, Query()] = None
    ) -> Page[Record[Membership]]:
        """The memberships by id, of one unit if asked."""
        where = {"membership.unit": unit.value} if unit is not None else None
        return await page(memberships(), _public, after=after, limit=limit, where=where)

    @router.get("/{membership_id}")
    async def show_membership(membership_id: MembershipId, response: Response) -> Record[Membership]:
        """One membership with its mandates, duties and counts."""
        loaded = await memberships().get(membership_id)
        set_version(response, loaded.version)
        return record(loaded, _public)

    @router.get("/{membership_id}/history")
    async def membership_history(membership_id: MembershipId) -> Page[HistoryEntry]:
        """Everything that happened to the membership, in order."""
        return await history(memberships(), membership_id)

    @router.post("", status_code=201)
    async def register_membership(
        who: Writer,
        body: NewMembership,
        context: Annotated[Command, command("register-membership")],
        response: Response,
    ) -> Accepted:
        """Enter a membership of a city network into the register."""
        membership = Membership(membership_id=new_id("membership", context), **dict(body))
        receipt = await commands.register(memberships(), membership, context, **_rights(who, context))
        response.headers["Location"] = f"/v1/memberships/{receipt.subject}"
        return Accepted.of(receipt)

    @router.post("/{membership_id}/correct")
    async def correct_membership(
        who: Writer,
        membership_id: MembershipId,
        body: Correction,
        context: Annotated[Command, command("correct-membership")],
    ) -> Accepted:
        """Put right what was recorded wrongly; fields left out stay, lists are replaced whole."""
        receipt = await commands.correct(memberships(), membership_id, body, context, **_rights(who, context))
        return Accepted.of(receipt)

    @router.post("/{membership_id}/mandates", status_code=201)
    async def record_mandate(
        who: Writer,
        membership_id: MembershipId,
        body: NewMandate,
        context: Annotated[Command, command("record-mandate")],
    ) -> MandateAccepted:
        """Record who holds an office of the network, since when and until when."""
        mandate = Mandate(mandate_id=new_id("mandate", context), **dict(body))
        receipt = await commands.record_mandate(
            memberships(), membership_id, mandate, context, **_rights(who, context)
        )
        return MandateAccepted(**dict(Accepted.of(receipt)), mandate_id=mandate.mandate_id)

    @router.post("/{membership_id}/mandates/{mandate_id}/end")
    async def end_mandate(
        who: Writer,
        membership_id: MembershipId,
        mandate_id: PartId,
        body: MandateEnd,
        context: Annotated[Command, command("end-mandate")],
    ) -> Accepted:
        """Say when a mandate ended or will end."""
        receipt = await commands.end_mandate(
            memberships(), membership_id, mandate_id, body.until, context, **_rights(who, context)
        )
        return Accepted.of(receipt)

    @router.post("/{membership_id}/duties", status_code=201)
    async def set_duty(
        who: Writer,
        membership_id: MembershipId,
        body: NewDuty,
        context: Annotated[Command, command("set-duty")],
    ) -> DutyAccepted:
        """Note a duty of the membership: a fee, a report, a nomination, a vote."""
        duty = Duty(duty_id=new_id("duty", context), **dict(body))
        receipt = await commands.set_duty(
            memberships(), membership_id, duty, context, **_rights(who, context)
        )
        return DutyAccepted(**dict(Accepted.of(receipt)), duty_id=duty.duty_id)

    @router.post("/{membership_id}/duties/{duty_id}/done")
    async def mark_duty_done(
        who: Writer,
        membership_id: MembershipId,
        duty_id: PartId,
        body: DutyDone,
        context: Annotated[Command, command("mark-duty-done")],
    ) -> Accepted:
        """Say on which day a duty was done."""
        rights = _rights(who, context)
        done_on = body.done_on or rights["today"]
        receipt = await commands.mark_duty_done(
            memberships(), membership_id, duty_id, done_on, context, **rights
        )
        return Accepted.of(receipt)

    def _rights(who: Identity, context: Command) -> dict[str, Any]:
        units = frozenset(unit for role in who.roles for unit in WRITES_FOR.get(role, frozenset()))
        return {"units": units, "today": days.of(context.at)}

    return router


def _public(state: MembershipState) -> Membership:
    return state.membership
