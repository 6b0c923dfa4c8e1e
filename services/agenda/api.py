"""HTTP in: the agenda's routes. Only translation; what may happen is decided in ``domain``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response, status

from services.agenda import commands
from services.agenda.bodies import CancelIn, CorrectIn, LegsIn, MissionIn, MissionOut
from services.agenda.commands import Missions
from services.agenda.domain import busy_only
from shared.contracts.agenda import Mission, MissionStatus
from shared.handover.responsible import ResponsibleFilter, responsible_for
from shared.identity import Action, Identity, allow, may
from shared.store import Command
from shared.web import Accepted, Page, command, set_version
from shared.web.reading import After, HistoryEntry, Limit, Record, accepted, history, new_id, page, record
from shared.web.recording import note_reading

MissionId = Annotated[str, Path(max_length=80, examples=["mission-3f9c2ab34d5e6f708192"])]
Reader = Annotated[Identity, allow(Action.AGENDA_READ)]
Writer = Annotated[Identity, allow(Action.AGENDA_WRITE)]


def knows_reserved(who: Identity) -> bool:
    """Whether the caller may know of reserved missions; what follows from it is `domain.visibility`'s."""
    return may(who, Action.AGENDA_READ_RESERVED)


def missions_router(missions: Callable[[], Missions]) -> APIRouter:
    """The routes of missions; ``missions`` is asked at every request."""
    router = APIRouter(prefix="/v1/missions", tags=["missions"])
    _reading(router, missions)
    _writing(router, missions)
    return router


def _reading(router: APIRouter, missions: Callable[[], Missions]) -> None:
    @router.get("", summary="Missions")
    async def list_missions(
        request: Request,
        who: Reader,
        after: After = None,
        limit: Limit = 50,
        with_status: Annotated[MissionStatus | None, Query(alias="status")] = None,
        agreement_id: Annotated[str | None, Query(max_length=80)] = None,
        responsible: ResponsibleFilter = None,
    ) -> Page[Record[MissionOut]]:
        """Missions by id. A reserved one is shown as busy only, but for those who may know of it."""
        wanted: dict[str, Any] = {
            "status": with_status,
            "agreement_id": agreement_id,
            "responsible": responsible,
        }
        where = {name: value for name, value in wanted.items() if value is not None}
        knows = knows_reserved(who)
        if responsible is not None and not knows:
            where["reserved"] = False  # a filter would tell what is not shown
        found = await page(
            missions(),
            lambda state: MissionOut.of(state, knows_reserved=knows),
            after=after,
            limit=limit,
            where=where,
        )
        if knows:
            await _noted(request, *(each.id for each in found.items if each.data.reserved))
        return found

    @router.get("/{mission_id}", summary="One mission")
    async def get_mission(
        request: Request, mission_id: MissionId, who: Reader, response: Response
    ) -> Record[MissionOut]:
        """The mission as it stands; its version is the `ETag`."""
        loaded = await missions().get(mission_id)
        set_version(response, loaded.version)
        knows = knows_reserved(who)
        if knows and loaded.state.reserved:
            await _noted(request, mission_id)
        return record(loaded, lambda state: MissionOut.of(state, knows_reserved=knows))

    @router.get("/{mission_id}/history", summary="What happened to a mission")
    async def get_history(request: Request, mission_id: MissionId, who: Reader) -> Page[HistoryEntry]:
        """Every event in order. Of a mission that is reserved today, its past is shown as busy too."""
        told = await history(missions(), mission_id)
        if not (await missions().get(mission_id)).state.reserved:
            return told
        if knows_reserved(who):
            await _noted(request, mission_id)
            return told
        return Page(items=[_narrowed(entry) for entry in told.items], next=told.next)


def _writing(router: APIRouter, missions: Callable[[], Missions]) -> None:
    @router.post("", summary="Propose a mission", status_code=status.HTTP_201_CREATED)
    async def propose(
        who: Writer,
        body: MissionIn,
        context: Annotated[Command, command("propose")],
        response: Response,
    ) -> Accepted:
        """A new mission; with `schedule` it is settled at once.

        A mission to sign an agreement makes agreements schedule the signing as soon as it is scheduled.
        """
        mission_id = new_id("mission", context)
        receipt = await commands.propose(
            missions(),
            context,
            mission_id,
            body.plan(),
            schedule=body.schedule,
            knows_reserved=knows_reserved(who),
            responsible=responsible_for(who),
        )
        response.headers["Location"] = f"/v1/missions/{receipt.subject}"
        return accepted(receipt, response)

    @router.post("/{mission_id}/schedule", summary="Schedule a proposed mission")
    async def schedule(
        who: Writer,
        mission_id: MissionId,
        context: Annotated[Command, command("schedule")],
        response: Response,
    ) -> Accepted:
        """The proposal is settled."""
        receipt = await commands.schedule(missions(), context, mission_id, knows_reserved=knows_reserved(who))
        return accepted(receipt, response)

    @router.post("/{mission_id}/reschedule", summary="Move a mission")
    async def reschedule(
        who: Writer,
        mission_id: MissionId,
        body: LegsIn,
        context: Annotated[Command, command("reschedule")],
        response: Response,
    ) -> Accepted:
        """Other times or places: the legs as they are from now on, all of them."""
        receipt = await commands.reschedule(
            missions(), context, mission_id, body.found(), knows_reserved=knows_reserved(who)
        )
        return accepted(receipt, response)

    @router.post("/{mission_id}/cancel", summary="Cancel a mission")
    async def cancel(
        who: Writer,
        mission_id: MissionId,
        body: CancelIn,
        context: Annotated[Command, command("cancel")],
        response: Response,
    ) -> Accepted:
        """With the reason. A signing that it travelled for is reopened by agreements."""
        receipt = await commands.cancel(
            missions(), context, mission_id, body.reason, knows_reserved=knows_reserved(who)
        )
        return accepted(receipt, response)

    @router.post("/{mission_id}/complete", summary="Complete a mission")
    async def complete(
        who: Writer,
        mission_id: MissionId,
        context: Annotated[Command, command("complete")],
        response: Response,
    ) -> Accepted:
        """It took place; possible only after its end."""
        receipt = await commands.complete(missions(), context, mission_id, knows_reserved=knows_reserved(who))
        return accepted(receipt, response)

    @router.post("/{mission_id}/correct", summary="Correct what was recorded")
    async def correct(
        who: Writer,
        mission_id: MissionId,
        body: CorrectIn,
        context: Annotated[Command, command("correct")],
        response: Response,
    ) -> Accepted:
        """Title, people, purpose, the agreement to sign, the reserved flag, the note, who answers for it."""
        receipt = await commands.correct(
            missions(), context, mission_id, body.correction(), knows_reserved=knows_reserved(who)
        )
        return accepted(receipt, response)


async def _noted(request: Request, *mission_ids: str) -> None:
    """Whoever sees a reserved mission whole is in the trail before they do. Raises ``Unavailable``."""
    await note_reading(request, Action.AGENDA_READ_RESERVED, *mission_ids)


def _narrowed(entry: HistoryEntry) -> HistoryEntry:
    mission = busy_only(Mission.model_validate(entry.data["mission"]))
    return entry.model_copy(update={"data": {**entry.data, "mission": mission.model_dump(mode="json")}})
