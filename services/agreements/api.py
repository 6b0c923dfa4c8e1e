"""HTTP in: the routes of agreements. Only translation; what may happen is decided in ``domain``."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Response, status

from services.agreements.bodies import (
    ConfirmIn,
    CorrectIn,
    DraftIn,
    ReasonIn,
    RegisterIn,
    RenewIn,
    ReopenIn,
    SaidIn,
    SignIn,
    SigningIn,
)
from services.agreements.commands import Desk
from services.agreements.showing import AgreementOut
from shared.contracts.agreements import AgreementKind, AgreementStatus, StatusClaim
from shared.contracts.base import Country
from shared.domain.sources import THE_OFFICE
from shared.handover.responsible import ResponsibleFilter, responsible_for
from shared.identity import Action, Identity, allow
from shared.store import Command, Receipt
from shared.web import Accepted, Page, command, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, accepted, history, new_id, page, record

READ: Final = [allow(Action.AGREEMENTS_READ)]
WRITE: Final = [allow(Action.AGREEMENTS_WRITE)]
Writer = Annotated[Identity, allow(Action.AGREEMENTS_WRITE)]
SIGN: Final = [allow(Action.AGREEMENTS_SIGN)]
CHANGE_STATUS: Final = [allow(Action.AGREEMENTS_CHANGE_STATUS)]

AgreementId = Annotated[str, Path(max_length=80, examples=["agreement-9f1c2ab34d5e6f708192"])]


def agreements_router(desk: Desk) -> APIRouter:
    """The routes of agreements."""
    router = APIRouter(prefix="/v1/agreements", tags=["agreements"])
    _reading(router, desk)
    _creating(router, desk)
    _signing(router, desk)
    _living(router, desk)
    return router


def _reading(router: APIRouter, desk: Desk) -> None:
    @router.get("", summary="Agreements", dependencies=READ)
    async def list_agreements(
        after: After = None,
        limit: Limit = 50,
        kind: AgreementKind | None = None,
        with_status: Annotated[AgreementStatus | None, Query(alias="status")] = None,
        country: Annotated[Country | None, Query(description="Of the counterpart, ISO code")] = None,
        responsible: ResponsibleFilter = None,
    ) -> Page[Record[AgreementOut]]:
        """Agreements by id, each with its status, the status's source and its date."""
        wanted: dict[str, Any] = {
            "agreement.kind": kind,
            "agreement.status.status": with_status,
            "agreement.counterpart.place.country": country,
            "responsible": responsible,
        }
        where = {name: value for name, value in wanted.items() if value is not None}
        today = desk.city_day.today()
        return await page(
            desk.agreements(),
            lambda state: AgreementOut.of(state, today),
            after=after,
            limit=limit,
            where=where,
        )

    @router.get("/{agreement_id}", summary="One agreement", dependencies=READ)
    async def get_agreement(agreement_id: AgreementId, response: Response) -> Record[AgreementOut]:
        """The agreement as it stands; its version is the `ETag`."""
        loaded = await desk.agreements().get(agreement_id)
        set_version(response, loaded.version)
        today = desk.city_day.today()
        return record(loaded, lambda state: AgreementOut.of(state, today))

    @router.get("/{agreement_id}/history", summary="What happened to an agreement", dependencies=READ)
    async def get_history(agreement_id: AgreementId) -> Page[HistoryEntry]:
        """Every event in order."""
        return await history(desk.agreements(), agreement_id)


def _creating(router: APIRouter, desk: Desk) -> None:
    @router.post("", summary="Draft an agreement", status_code=status.HTTP_201_CREATED)
    async def draft(
        who: Writer, body: DraftIn, context: Annotated[Command, command("draft")], response: Response
    ) -> Accepted:
        """A new agreement, not signed yet."""
        as_of = desk.today(context).isoformat()
        claim = StatusClaim(status=AgreementStatus.DRAFTED, source=THE_OFFICE, as_of=as_of, confirmed=True)
        agreement = body.agreement(new_id("agreement", context), claim)
        return _created(await desk.draft(context, agreement, responsible_for(who)), response)

    @router.post(
        "/register",
        summary="Register an agreement of the past",
        status_code=status.HTTP_201_CREATED,
    )
    async def register(
        who: Writer, body: RegisterIn, context: Annotated[Command, command("register")], response: Response
    ) -> Accepted:
        """With what its sources say: dates of any precision, statuses, also where they disagree."""
        agreement = body.registered(new_id("agreement", context))
        return _created(await desk.register(context, agreement, responsible_for(who)), response)


def _signing(router: APIRouter, desk: Desk) -> None:
    @router.post("/{agreement_id}/schedule-signing", summary="Schedule the signing", dependencies=SIGN)
    async def schedule_signing(
        agreement_id: AgreementId,
        body: SigningIn,
        context: Annotated[Command, command("schedule-signing")],
        response: Response,
    ) -> Accepted:
        """By hand. A mission that is scheduled to sign does the same by itself."""
        return accepted(await desk.schedule_signing(context, agreement_id, body.signing()), response)

    @router.post("/{agreement_id}/reopen-signing", summary="Reopen the signing", dependencies=SIGN)
    async def reopen_signing(
        agreement_id: AgreementId,
        body: ReopenIn,
        context: Annotated[Command, command("reopen-signing")],
        response: Response,
    ) -> Accepted:
        """The agreement waits for another date."""
        return accepted(await desk.reopen_signing(context, agreement_id, body.reason), response)

    @router.post("/{agreement_id}/sign", summary="Record the signature", dependencies=SIGN)
    async def sign(
        agreement_id: AgreementId,
        body: SignIn,
        context: Annotated[Command, command("sign")],
        response: Response,
    ) -> Accepted:
        """The agenda notes it on the mission of the scheduled signing."""
        receipt = await desk.sign(context, agreement_id, body.signed(), on_mission=body.on_mission)
        return accepted(receipt, response)


def _living(router: APIRouter, desk: Desk) -> None:
    @router.post("/{agreement_id}/enter-into-force", summary="Enter into force", dependencies=SIGN)
    async def enter_into_force(
        agreement_id: AgreementId,
        body: SaidIn,
        context: Annotated[Command, command("enter-into-force")],
        response: Response,
    ) -> Accepted:
        """The signed agreement holds."""
        return accepted(await desk.enter_into_force(context, agreement_id, body.said()), response)

    @router.post("/{agreement_id}/suspend", summary="Suspend", dependencies=CHANGE_STATUS)
    async def suspend(
        agreement_id: AgreementId,
        body: ReasonIn,
        context: Annotated[Command, command("suspend")],
        response: Response,
    ) -> Accepted:
        """It rests, with the reason; it is not ended."""
        receipt = await desk.suspend(context, agreement_id, body.reason, body.said())
        return accepted(receipt, response)

    @router.post("/{agreement_id}/resume", summary="Resume", dependencies=CHANGE_STATUS)
    async def resume(
        agreement_id: AgreementId,
        body: SaidIn,
        context: Annotated[Command, command("resume")],
        response: Response,
    ) -> Accepted:
        """A suspended agreement holds again."""
        return accepted(await desk.resume(context, agreement_id, body.said()), response)

    @router.post("/{agreement_id}/renew", summary="Renew", dependencies=CHANGE_STATUS)
    async def renew(
        agreement_id: AgreementId,
        body: RenewIn,
        context: Annotated[Command, command("renew")],
        response: Response,
    ) -> Accepted:
        """It goes on for another term."""
        receipt = await desk.renew(context, agreement_id, body.renewal(), body.term_months)
        return accepted(receipt, response)

    @router.post("/{agreement_id}/end", summary="End", dependencies=CHANGE_STATUS)
    async def end(
        agreement_id: AgreementId,
        body: ReasonIn,
        context: Annotated[Command, command("end")],
        response: Response,
    ) -> Accepted:
        """With the reason; also a draft that is given up."""
        receipt = await desk.end(context, agreement_id, body.reason, body.said())
        return accepted(receipt, response)

    @router.post("/{agreement_id}/confirm-status", summary="Confirm the status", dependencies=WRITE)
    async def confirm_status(
        agreement_id: AgreementId,
        body: ConfirmIn,
        context: Annotated[Command, command("confirm-status")],
        response: Response,
    ) -> Accepted:
        """A newer source says that the status still holds."""
        return accepted(await desk.confirm_status(context, agreement_id, body.said()), response)

    @router.post("/{agreement_id}/correct", summary="Correct the register", dependencies=WRITE)
    async def correct(
        agreement_id: AgreementId,
        body: CorrectIn,
        context: Annotated[Command, command("correct")],
        response: Response,
    ) -> Accepted:
        """What the register says wrongly is put right."""
        return accepted(await desk.correct(context, agreement_id, body.correction()), response)


def _created(receipt: Receipt, response: Response) -> Accepted:
    response.headers["Location"] = f"/v1/agreements/{receipt.subject}"
    return accepted(receipt, response)
