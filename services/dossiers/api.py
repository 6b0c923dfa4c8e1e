"""HTTP in: the routes of dossiers. Only translation; what may happen is decided in ``domain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from services.dossiers import commands
from services.dossiers.bodies import (
    CandidacyIn,
    CandidacyOut,
    CorrectIn,
    DecisionIn,
    MoveIn,
    StepIn,
    SubmitIn,
    WithdrawIn,
)
from services.dossiers.commands import Candidacies
from shared.contracts.dossiers import Candidacy, CandidacyStatus
from shared.handover.responsible import ResponsibleFilter, responsible_for
from shared.identity import Action, Identity, allow
from shared.places.today import CityDay
from shared.store import Command
from shared.web import Accepted, Page, command, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, accepted, history, new_id, page, record

READ: Final = [allow(Action.DOSSIERS_READ)]
WRITE: Final = [allow(Action.DOSSIERS_WRITE)]
Writer = Annotated[Identity, allow(Action.DOSSIERS_WRITE)]
SUBMIT: Final = [allow(Action.DOSSIERS_SUBMIT)]
DECIDE: Final = [allow(Action.DOSSIERS_DECIDE)]

CandidacyId = Annotated[str, Path(max_length=80)]


def candidacies_router(candidacies: Callable[[], Candidacies], days: CityDay) -> APIRouter:
    """The routes ``/v1/candidacies/...``.

    ``candidacies`` is asked at every request, because the store opens only when the service starts.
    """
    router = APIRouter(prefix="/v1/candidacies", tags=["candidacies"])
    _add_steps(router, candidacies, days)

    @router.get("", summary="Candidacies", dependencies=READ)
    async def list_candidacies(
        after: After = None,
        limit: Limit = 50,
        status: Annotated[CandidacyStatus | None, Query()] = None,
        responsible: ResponsibleFilter = None,
    ) -> Page[Record[CandidacyOut]]:
        """The candidacies by id, of one status if asked."""
        wanted = {"candidacy.status": status, "responsible": responsible}
        where = {name: value for name, value in wanted.items() if value is not None}
        return await page(candidacies(), CandidacyOut.of, after=after, limit=limit, where=where)

    @router.get("/{candidacy_id}", summary="One candidacy", dependencies=READ)
    async def show_candidacy(candidacy_id: CandidacyId, response: Response) -> Record[CandidacyOut]:
        """One candidacy with its deadline and outcome."""
        loaded = await candidacies().get(candidacy_id)
        set_version(response, loaded.version)
        return record(loaded, CandidacyOut.of)

    @router.get("/{candidacy_id}/history", summary="What happened to a candidacy", dependencies=READ)
    async def candidacy_history(candidacy_id: CandidacyId) -> Page[HistoryEntry]:
        """Everything that happened to the candidacy, in order."""
        return await history(candidacies(), candidacy_id)

    @router.post("", summary="Consider or register a candidacy", status_code=201)
    async def register_candidacy(
        who: Writer,
        body: CandidacyIn,
        context: Annotated[Command, command("register-candidacy")],
        response: Response,
    ) -> Accepted:
        """Consider a candidacy, or enter an older one with its status and outcome."""
        given = dict(body)
        given["deadline"] = body.deadline.moment() if body.deadline is not None else None
        candidacy = Candidacy(candidacy_id=new_id("candidacy", context), **given)
        receipt = await commands.register(
            candidacies(), context, candidacy, today=days.of(context.at), responsible=responsible_for(who)
        )
        response.headers["Location"] = f"/v1/candidacies/{receipt.subject}"
        return accepted(receipt, response)

    @router.post("/{candidacy_id}/correct", summary="Correct what was recorded", dependencies=WRITE)
    async def correct(
        candidacy_id: CandidacyId,
        body: CorrectIn,
        context: Annotated[Command, command("correct-candidacy")],
        response: Response,
    ) -> Accepted:
        """Put right what was recorded wrongly; fields left out stay."""
        receipt = await commands.correct(
            candidacies(), context, candidacy_id, body.correction(), today=days.of(context.at)
        )
        return accepted(receipt, response)

    return router


def _add_steps(router: APIRouter, candidacies: Callable[[], Candidacies], days: CityDay) -> None:
    """The routes of the state table's actions."""

    @router.post("/{candidacy_id}/start-preparation", summary="Start the preparation", dependencies=WRITE)
    async def start_preparation(
        candidacy_id: CandidacyId,
        body: StepIn,
        context: Annotated[Command, command("start-preparation")],
        response: Response,
    ) -> Accepted:
        """The Area decided to apply and writes the dossier."""
        evidence = body.evidence(context, days)
        return accepted(
            await commands.start_preparation(candidacies(), context, candidacy_id, evidence), response
        )

    @router.post("/{candidacy_id}/move-deadline", summary="Move the deadline", dependencies=WRITE)
    async def move_deadline(
        candidacy_id: CandidacyId,
        body: MoveIn,
        context: Annotated[Command, command("move-deadline")],
        response: Response,
    ) -> Accepted:
        """Set or move the deadline: the issuer's wall-clock time in the issuer's own time zone."""
        evidence, moved = body.evidence(context, days), body.deadline.moment()
        return accepted(
            await commands.move_deadline(candidacies(), context, candidacy_id, moved, evidence), response
        )

    @router.post("/{candidacy_id}/submit", summary="Submit the candidacy", dependencies=SUBMIT)
    async def submit(
        candidacy_id: CandidacyId,
        body: SubmitIn,
        context: Annotated[Command, command("submit")],
        response: Response,
    ) -> Accepted:
        """Hand in the dossier, not after the deadline."""
        evidence = body.evidence(context, days)
        return accepted(
            await commands.submit(candidacies(), context, candidacy_id, body.submitted_at, evidence), response
        )

    @router.post("/{candidacy_id}/shortlist", summary="Note the shortlist", dependencies=DECIDE)
    async def shortlist(
        candidacy_id: CandidacyId,
        body: StepIn,
        context: Annotated[Command, command("shortlist")],
        response: Response,
    ) -> Accepted:
        """The issuer chose the city among the last."""
        evidence = body.evidence(context, days)
        return accepted(await commands.shortlist(candidacies(), context, candidacy_id, evidence), response)

    async def close(
        candidacy_id: str, status: CandidacyStatus, body: DecisionIn, context: Command, response: Response
    ) -> Accepted:
        evidence, today = body.evidence(context, days), days.of(context.at)
        receipt = await commands.close(
            candidacies(), context, candidacy_id, status, body.outcome, evidence, today=today
        )
        return accepted(receipt, response)

    @router.post("/{candidacy_id}/win", summary="Note that it won", dependencies=DECIDE)
    async def win(
        candidacy_id: CandidacyId,
        body: DecisionIn,
        context: Annotated[Command, command("win")],
        response: Response,
    ) -> Accepted:
        """The candidacy won."""
        return await close(candidacy_id, CandidacyStatus.WON, body, context, response)

    @router.post("/{candidacy_id}/lose", summary="Note that it lost", dependencies=DECIDE)
    async def lose(
        candidacy_id: CandidacyId,
        body: DecisionIn,
        context: Annotated[Command, command("lose")],
        response: Response,
    ) -> Accepted:
        """The candidacy lost."""
        return await close(candidacy_id, CandidacyStatus.LOST, body, context, response)

    @router.post(
        "/{candidacy_id}/end-as-finalist", summary="Note that it ended as a finalist", dependencies=DECIDE
    )
    async def end_as_finalist(
        candidacy_id: CandidacyId,
        body: DecisionIn,
        context: Annotated[Command, command("end-as-finalist")],
        response: Response,
    ) -> Accepted:
        """Among the last, without the prize."""
        return await close(candidacy_id, CandidacyStatus.FINALIST, body, context, response)

    @router.post("/{candidacy_id}/withdraw", summary="Withdraw the candidacy", dependencies=SUBMIT)
    async def withdraw(
        candidacy_id: CandidacyId,
        body: WithdrawIn,
        context: Annotated[Command, command("withdraw")],
        response: Response,
    ) -> Accepted:
        """Give up, with a reason."""
        evidence = body.evidence(context, days)
        return accepted(
            await commands.withdraw(candidacies(), context, candidacy_id, body.reason, evidence), response
        )
