"""Where the parts of agreements are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from services.agreements.api import agreements_router
from services.agreements.commands import Agreements, Desk
from services.agreements.domain import AgreementState, handed_over
from services.agreements.erasing import person_erased
from services.agreements.imports import AgreementImport
from services.agreements.privacy import DECLARATIONS
from services.agreements.reactions import reactions
from services.agreements.settings import Settings
from shared.acting import Acting, SubstitutionsView, viewed
from shared.contracts import agenda, agreements, substitutions
from shared.contracts.agenda import MissionCancelled, MissionCorrected, MissionRescheduled, MissionScheduled
from shared.handover import by_responsible, handover_router, share_of
from shared.identity import Action
from shared.imports.router import Table, import_router
from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.privacy.erasable import Erasable
from shared.store import META
from shared.store.timers import Timers
from shared.web import ServiceInfo, create_app
from shared.web.audit_router import audit_router
from shared.web.people_export_router import people_export_router
from shared.web.people_router import people_router
from shared.web.refused import refused_router
from shared.web.retaining import retained

COLLECTION: Final = "agreements"

SERVICE: Final = ServiceInfo(
    name="agreements",
    title="Ponte: agreements",
    summary="Twinnings, collaborations and partnerships of the city",
    description="The register of the city's agreements: drafted, signed, in force, suspended, renewed, "
    "ended, each status and date with its source. What others need to know travels as events on the topic "
    "`ponte.agreements`.",
    version="1.0.0",
    publishes=agreements.EVENTS,
    consumes=(
        MissionScheduled,
        MissionRescheduled,
        MissionCorrected,
        MissionCancelled,
        *substitutions.EVENTS,
    ),
)


def build_app(settings: Settings) -> FastAPI:
    """The register, with store, relay and reader opened by its lifespan."""

    def register() -> Agreements:
        return runtime.repository(COLLECTION, AgreementState, what="agreement_id", due=desk.due())

    city_day = CityDay(settings.city)
    desk = Desk(register, city_day)
    runtime = ServiceRuntime(
        settings,
        SERVICE.name,
        topic=agreements.TOPIC,
        aggregates=(COLLECTION,),
        auditing=settings.auditing(),
        erasables=[Erasable(COLLECTION, AgreementState, "agreement_id", person_erased, desk.due)],
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            # The reactions look for the signings of a mission.
            await runtime.database[COLLECTION].create_index("state.agreement.signing.mission_id", sparse=True)
            await by_responsible(runtime.database[COLLECTION])
            await runtime.read(
                [agenda.TOPIC],
                views=lambda generation: [SubstitutionsView(runtime.database, generation)],
                reactions=reactions(desk),
            )
            timers = Timers(
                register(),
                runtime.database[META],
                service=SERVICE.name,
                command="note-term-over",
                fire=desk.note_term_over,
            )
            await timers.start()
            try:
                async with retained(runtime, settings):
                    yield
            finally:
                await timers.stop()

    return create_app(
        SERVICE,
        settings,
        lifespan=lifespan,
        routers=[
            agreements_router(desk),
            handover_router([share_of(register, handed_over)]),
            refused_router(lambda: runtime.database),
            people_router(lambda: runtime.erasures),
            import_router(
                [Table(AgreementImport(city_day.today), register)], action=Action.AGREEMENTS_IMPORT
            ),
            people_export_router(lambda: runtime.database, DECLARATIONS),
            audit_router(lambda: runtime.database, runtime.name, runtime.aggregates),
        ],
        health=runtime.problems,
        stuck=runtime.stuck,
        trail=runtime.trail,
        on_behalf=Acting(viewed(lambda: runtime.database), city_day, runtime.unheard),
    )
