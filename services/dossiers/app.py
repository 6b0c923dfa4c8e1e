"""The only place where the parts of the service are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from services.dossiers.api import WRITERS, candidacy_router
from services.dossiers.commands import Candidacies
from services.dossiers.domain import CandidacyState
from services.dossiers.imports import CandidaciesKind
from services.dossiers.settings import Settings
from shared.contracts import dossiers
from shared.imports.router import Table, import_router
from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.web.app import create_app
from shared.web.info import ServiceInfo

INFO = ServiceInfo(
    name="dossiers",
    title="Ponte dossiers",
    summary="The city's candidacies for seats, events and prizes",
    description="Candidacies to host organisations or international events and for prizes: what for, who "
    "applies formally, the deadline in the issuer's own time zone, the outcome with its method and rounds.",
    version=version("ponte"),
    publishes=dossiers.EVENTS,
)


def build_app(settings: Settings, *, runtime: ServiceRuntime | None = None) -> FastAPI:
    """The service; the parts start and stop with the application's lifespan."""
    parts = runtime or ServiceRuntime(settings, INFO.name, topic=dossiers.TOPIC, aggregates=["candidacies"])
    days = CityDay(settings.city)

    def candidacies() -> Candidacies:
        return parts.repository("candidacies", CandidacyState, what="candidacy_id")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with parts.running():
            yield

    return create_app(
        INFO,
        settings,
        lifespan=lifespan,
        routers=[
            candidacy_router(candidacies, days),
            import_router([Table(CandidaciesKind(days.today), candidacies)], roles=WRITERS),
        ],
        health=parts.problems,
        stuck=parts.stuck,
    )
