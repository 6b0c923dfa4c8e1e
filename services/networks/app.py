"""The only place where the parts of the service are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from services.networks.api import membership_router
from services.networks.commands import Memberships
from services.networks.domain import MembershipState
from services.networks.imports import MembershipsKind
from services.networks.settings import Settings
from shared.contracts import networks
from shared.identity import Role
from shared.imports.router import Table, import_router
from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.web.app import create_app
from shared.web.info import ServiceInfo

INFO = ServiceInfo(
    name="networks",
    title="Ponte networks",
    summary="The city's memberships of city networks",
    description="Memberships of city networks with their mandates (who sits where, from when until when), "
    "the duties that they bring and dated counts.",
    version=version("ponte"),
    publishes=networks.EVENTS,
)
IMPORTERS = (Role.DIRECTOR, Role.INTEGRATION)
"""A table holds the memberships of several units, so an officer of one does not import it."""


def build_app(settings: Settings, *, runtime: ServiceRuntime | None = None) -> FastAPI:
    """The service; the parts start and stop with the application's lifespan."""
    parts = runtime or ServiceRuntime(settings, INFO.name, topic=networks.TOPIC, aggregates=["memberships"])
    days = CityDay(settings.city)

    def memberships() -> Memberships:
        return parts.repository("memberships", MembershipState, what="membership_id")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with parts.running():
            yield

    return create_app(
        INFO,
        settings,
        lifespan=lifespan,
        routers=[
            membership_router(memberships, days),
            import_router([Table(MembershipsKind(days.today), memberships)], roles=IMPORTERS),
        ],
        health=parts.problems,
        stuck=parts.stuck,
    )
