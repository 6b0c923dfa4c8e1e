"""Where the agenda's parts are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from services.agenda.api import knows_reserved, missions_router
from services.agenda.commands import Missions
from services.agenda.domain import MissionState, SubstitutionState, check_known, handed_over
from services.agenda.erasing import ERASABLES
from services.agenda.imports import MissionImport
from services.agenda.privacy import DECLARATIONS
from services.agenda.reactions import reactions
from services.agenda.retaining import KEPT_LONG_ENOUGH, outlived
from services.agenda.settings import Settings
from services.agenda.substituting import Substitutions, ended_by_handover
from services.agenda.substitutions_api import substitutions_router
from shared.acting import Acting, owned
from shared.contracts import agenda, agreements
from shared.contracts.agreements import AgreementSigned
from shared.handover import by_responsible, handover_router, share_of
from shared.identity import Action, Identity
from shared.imports.router import Table, import_router
from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.web import ServiceInfo, create_app
from shared.web.audit_router import audit_router
from shared.web.people_export_router import people_export_router
from shared.web.people_router import people_router
from shared.web.refused import refused_router
from shared.web.retaining import retained

SERVICE: Final = ServiceInfo(
    name="agenda",
    title="Ponte: agenda",
    summary="Missions of the Mayor and the delegates",
    description="Missions are proposed, scheduled, moved, cancelled and completed here, and people lend "
    "their roles to who stands in for them. What others need to know travels as events on the topic "
    "`ponte.agenda`; a reserved mission is published as busy only.",
    version="1.0.0",
    publishes=agenda.EVENTS,
    consumes=(AgreementSigned,),
)

RESERVED: Final = {"missions": {"state.reserved": True}}
"""How the missions are found that not everybody may know of."""


def _judge(who: Identity, state: MissionState) -> None:
    """A file writes no reserved mission for who may not know of them. Raises ``Reserved``."""
    check_known(state, knows_reserved=knows_reserved(who))


def _reserved(state: MissionState) -> Action | None:
    """By which right a row's answer may show a reserved mission."""
    return Action.AGENDA_READ_RESERVED if state.reserved else None


def build_app(settings: Settings) -> FastAPI:
    """The agenda, with store, relay and reader opened by its lifespan."""
    runtime = ServiceRuntime(
        settings,
        SERVICE.name,
        topic=agenda.TOPIC,
        aggregates=("missions", "substitutions"),
        auditing=settings.auditing(),
        erasables=ERASABLES,
    )
    days = CityDay(settings.city)

    def missions() -> Missions:
        return runtime.repository("missions", MissionState, what="mission_id")

    def substitutions() -> Substitutions:
        return runtime.repository("substitutions", SubstitutionState, what="substitution_id")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            await runtime.database["substitutions"].create_index("state.parties")
            await by_responsible(runtime.database["missions"])
            await runtime.read([agreements.TOPIC], reactions=reactions(missions))
            over = outlived(missions, lambda: runtime.database, days, settings.retention_months_missions)
            async with retained(runtime, settings, records=over, why=KEPT_LONG_ENOUGH):
                yield

    return create_app(
        SERVICE,
        settings,
        lifespan=lifespan,
        routers=[
            missions_router(missions),
            substitutions_router(substitutions, days),
            handover_router([share_of(missions, handed_over), ended_by_handover(substitutions, days)]),
            refused_router(lambda: runtime.database),
            people_router(lambda: runtime.erasures),
            import_router(
                [Table(MissionImport(), missions, judge=_judge, reserved=_reserved)],
                action=Action.AGENDA_IMPORT,
            ),
            people_export_router(lambda: runtime.database, DECLARATIONS),
            audit_router(lambda: runtime.database, runtime.name, runtime.aggregates, reserved=RESERVED),
        ],
        health=runtime.problems,
        stuck=runtime.stuck,
        trail=runtime.trail,
        on_behalf=Acting(owned(lambda: runtime.database), days),
    )
