"""The only place where the parts of the service are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from services.networks.api import memberships_router
from services.networks.commands import Memberships
from services.networks.domain import MembershipState, handed_over
from services.networks.erasing import person_erased
from services.networks.imports import MembershipImport
from services.networks.privacy import DECLARATIONS
from services.networks.retaining import KEPT_LONG_ENOUGH, outlived
from services.networks.settings import Settings
from shared.acting import Acting, SubstitutionsView, viewed
from shared.contracts import agenda, networks, substitutions
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
    name="networks",
    title="Ponte: networks",
    summary="The city's memberships of city networks",
    description="Memberships of city networks with their mandates (who sits where, from when until when), "
    "the duties that they bring and dated counts.",
    version="1.0.0",
    publishes=networks.EVENTS,
    consumes=substitutions.EVENTS,
)


def build_app(settings: Settings) -> FastAPI:
    """The service, with store and relay opened by its lifespan."""
    runtime = ServiceRuntime(
        settings,
        SERVICE.name,
        topic=networks.TOPIC,
        aggregates=["memberships"],
        auditing=settings.auditing(),
        erasables=[Erasable("memberships", MembershipState, "membership_id", person_erased)],
    )
    days = CityDay(settings.city)

    def memberships() -> Memberships:
        return runtime.repository("memberships", MembershipState, what="membership_id")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            await by_responsible(runtime.database["memberships"])
            await runtime.read(
                [agenda.TOPIC], views=lambda generation: [SubstitutionsView(runtime.database, generation)]
            )
            over = outlived(memberships, settings.retention_months_mandates)
            async with retained(runtime, settings, records=over, why=KEPT_LONG_ENOUGH):
                yield

    return create_app(
        SERVICE,
        settings,
        lifespan=lifespan,
        routers=[
            memberships_router(memberships, days),
            people_router(lambda: runtime.erasures),
            handover_router([share_of(memberships, handed_over)]),
            import_router([Table(MembershipImport(days.today), memberships)], action=Action.NETWORKS_IMPORT),
            people_export_router(lambda: runtime.database, DECLARATIONS),
            audit_router(lambda: runtime.database, runtime.name, runtime.aggregates),
        ],
        health=runtime.problems,
        stuck=runtime.stuck,
        trail=runtime.trail,
        on_behalf=Acting(viewed(lambda: runtime.database), days, runtime.unheard),
    )
