"""HTTP in: translation only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Response

from services.dossiers import commands
from services.dossiers.bodies import (
    CandidacyCorrection,
    Decision,
    MovedDeadline,
    NewCandidacy,
    Step,
    Submission,
    Withdrawal,
)
from services.dossiers.commands import Candidacies
from services.dossiers.domain import CandidacyState
from shared.contracts.dossiers import Candidacy, CandidacyStatus
from shared.identity import EVERYONE, Role, allow
from shared.places.today import CityDay
from shared.store import Command
from shared.web.commands import command
from shared.web.envelopes import Accepted, Page, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, history, new_id, page, record

WRITERS: Final = (Role.OFFICER_PARTNERSHIPS, Role.DIRECTOR, Role.INTEGRATION)

CandidacyId = Annotated[str, Path(max_length=80)]


def candidacy_router(candidacies: Callable[[], Candidacies], days: CityDay) -> APIRouter:
    """The routes ``/v1/candidacies/...``; whoever is signed in may read.

    ``candidacies`` is asked at every request, because the store opens only when the service starts.
    """
    router = APIRouter(prefix="/v1/candidacies", tags=["candidacies"], dependencies=[allow(*EVERYONE)])
    writing = [allow(*WRITERS)]
    _add_steps(router, candidacies, days)

    @router.get("")
    async def list_candidacies(
        after: After = None,
        limit: Limit = 50,
        status: Annotated[CandidacyStatus | None, Query()] = None,
    ) -> Page[Record[Candidacy]]:
        """The candidacies by id, of one status if asked."""
        where = {"candidacy.status": status.value} if status is not None else None
        return await page(candidacies(), _public, after=after, limit=limit, where=where)

    @router.get("/{candidacy_id}")
    async def show_candidacy(candidacy_id: CandidacyId, response: Response) -> Record[Candidacy]:
        """One candidacy with its deadline and outcome."""
        loaded = await candidacies().get(candidacy_id)
        set_version(response, loaded.version)
        return record(loaded, _public)

    @router.get("/{candidacy_id}/history")
    async def candidacy_history(candidacy_id: CandidacyId) -> Page[HistoryEntry]:
        """Everything that happened to the candidacy, in order."""
        return await history(candidacies(), candidacy_id)

    @router.post("", status_code=201, dependencies=writing)
    async def register_candidacy(
        body: NewCandidacy, context: Annotated[Command, command("register-candidacy")], response: Response
    ) -> Accepted:
        """Consider a candidacy, or enter an older one with its status and outcome."""
        given = dict(body)
        given["deadline"] = body.deadline.moment() if body.deadline is not None else None
        candidacy = Candidacy(candidacy_id=new_id("candidacy", context), **given)
        receipt = await commands.register(candidacies(), candidacy, context, today=days.of(context.at))
        response.headers["Location"] = f"/v1/candidacies/{receipt.subject}"
        return Accepted.of(receipt)

    @router.post("/{candidacy_id}/correct", dependencies=writing)
    async def correct(
        candidacy_id: CandidacyId,
        body: CandidacyCorrection,
        context: Annotated[Command, command("correct-candidacy")],
    ) -> Accepted:
        """Put right what was recorded wrongly; fields left out stay."""
        receipt = await commands.correct(
            candidacies(), candidacy_id, body.correction(), context, today=days.of(context.at)
        )
        return Accepted.of(receipt)

    return router


def _add_steps(router: APIRouter, candidacies: Callable[[], Candidacies], days: CityDay) -> None:
    """The routes of the state table's actions."""
    writing = [allow(*WRITERS)]

    @router.post("/{candidacy_id}/start-preparation", dependencies=writing)
    async def start_preparation(
        candidacy_id: CandidacyId, body: Step, context: Annotated[Command, command("start-preparation")]
    ) -> Accepted:
        """The Area decided to apply and writes the dossier."""
        evidence = body.evidence(context, days)
        return Accepted.of(await commands.start_preparation(candidacies(), candidacy_id, evidence, context))

    @router.post("/{candidacy_id}/move-deadline", dependencies=writing)
    async def move_deadline(
        candidacy_id: CandidacyId,
        body: MovedDeadline,
        context: Annotated[Command, command("move-deadline")],
    ) -> Accepted:
        """Set or move the deadline: the issuer's wall-clock time in the issuer's own time zone."""
        evidence, moved = body.evidence(context, days), body.deadline.moment()
        return Accepted.of(
            await commands.move_deadline(candidacies(), candidacy_id, moved, evidence, context)
        )

    @router.post("/{candidacy_id}/submit", dependencies=writing)
    async def submit(
        candidacy_id: CandidacyId, body: Submission, context: Annotated[Command, command("submit")]
    ) -> Accepted:
        """Hand in the dossier, not after the deadline."""
        evidence = body.evidence(context, days)
        return Accepted.of(
            await commands.submit(candidacies(), candidacy_id, body.submitted_at, evidence, context)
        )

    @router.post("/{candidacy_id}/shortlist", dependencies=writing)
    async def shortlist(
        candidacy_id: CandidacyId, body: Step, context: Annotated[Command, command("shortlist")]
    ) -> Accepted:
        """The issuer chose the city among the last."""
        evidence = body.evidence(context, days)
        return Accepted.of(await commands.shortlist(candidacies(), candidacy_id, evidence, context))

    async def close(candidacy_id: str, status: CandidacyStatus, body: Decision, context: Command) -> Accepted:
        evidence, today = body.evidence(context, days), days.of(context.at)
        receipt = await commands.close(
            candidacies(), candidacy_id, status, body.outcome, evidence, context, today=today
        )
        return Accepted.of(receipt)

    @router.post("/{candidacy_id}/win", dependencies=writing)
    async def win(
        candidacy_id: CandidacyId, body: Decision, context: Annotated[Command, command("win")]
    ) -> Accepted:
        """The candidacy won."""
        return await close(candidacy_id, CandidacyStatus.WON, body, context)

    @router.post("/{candidacy_id}/lose", dependencies=writing)
    async def lose(
        candidacy_id: CandidacyId, body: Decision, context: Annotated[Command, command("lose")]
    ) -> Accepted:
        """The candidacy lost."""
        return await close(candidacy_id, CandidacyStatus.LOST, body, context)

    @router.post("/{candidacy_id}/end-as-finalist", dependencies=writing)
    async def end_as_finalist(
        candidacy_id: CandidacyId, body: Decision, context: Annotated[Command, command("end-as-finalist")]
    ) -> Accepted:
        """Among the last, without the prize."""
        return await close(candidacy_id, CandidacyStatus.FINALIST, body, context)

    @router.post("/{candidacy_id}/withdraw", dependencies=writing)
    async def withdraw(
        candidacy_id: CandidacyId, body: Withdrawal, context: Annotated[Command, command("withdraw")]
    ) -> Accepted:
        """Give up, with a reason."""
        evidence = body.evidence(context, days)
        return Accepted.of(
            await commands.withdraw(candidacies(), candidacy_id, body.reason, evidence, context)
        )


def _public(state: CandidacyState) -> Candidacy:
    return state.candidacy
