"""The only place where the parts of the service are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from services.dossiers.api import candidacies_router
from services.dossiers.commands import Candidacies
from services.dossiers.domain import CandidacyState, handed_over
from services.dossiers.erasing import person_erased
from services.dossiers.imports import CandidacyImport
from services.dossiers.privacy import DECLARATIONS
from services.dossiers.settings import Settings
from shared.acting import Acting, SubstitutionsView, viewed
from shared.contracts import agenda, dossiers, substitutions
from shared.handover import by_responsible, handover_router, share_of
from shared.identity import Action
from shared.imports.router import Table, import_router
from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.privacy.erasable import Erasable
from shared.web import ServiceInfo, create_app
from shared.web.audit_router import audit_router
from shared.web.people_export_router import people_export_router
from shared.web.people_router import people_router
from shared.web.retaining import retained

SERVICE: Final = ServiceInfo(
    name="dossiers",
    title="Ponte: dossiers",
    summary="The city's candidacies for seats, events and prizes",
    description="Candidacies to host organisations or international events and for prizes: what for, who "
    "applies formally, the deadline in the issuer's own time zone, the outcome with its method and rounds.",
    version="1.0.0",
    publishes=dossiers.EVENTS,
    consumes=substitutions.EVENTS,
)


def build_app(settings: Settings) -> FastAPI:
    """The service, with store and relay opened by its lifespan."""
    runtime = ServiceRuntime(
        settings,
        SERVICE.name,
        topic=dossiers.TOPIC,
        aggregates=["candidacies"],
        auditing=settings.auditing(),
        erasables=[Erasable("candidacies", CandidacyState, "candidacy_id", person_erased)],
    )
    days = CityDay(settings.city)

    def candidacies() -> Candidacies:
        return runtime.repository("candidacies", CandidacyState, what="candidacy_id")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            await by_responsible(runtime.database["candidacies"])
            await runtime.read(
                [agenda.TOPIC], views=lambda generation: [SubstitutionsView(runtime.database, generation)]
            )
            async with retained(runtime, settings):
                yield

    return create_app(
        SERVICE,
        settings,
        lifespan=lifespan,
        routers=[
            candidacies_router(candidacies, days),
            people_router(lambda: runtime.erasures),
            handover_router([share_of(candidacies, handed_over)]),
            import_router([Table(CandidacyImport(days.today), candidacies)], action=Action.DOSSIERS_IMPORT),
            people_export_router(lambda: runtime.database, DECLARATIONS),
            audit_router(lambda: runtime.database, runtime.name, runtime.aggregates),
        ],
        health=runtime.problems,
        stuck=runtime.stuck,
        trail=runtime.trail,
        on_behalf=Acting(viewed(lambda: runtime.database), days, runtime.unheard),
    )
