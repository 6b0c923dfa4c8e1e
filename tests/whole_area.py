"""All five services in one test, on real engines, and something to ask each for."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import services.agenda.app
import services.agreements.app
import services.dashboard.app
import services.dossiers.app
import services.networks.app
from services.agenda.settings import Settings as AgendaSettings
from services.agreements.settings import Settings as AgreementsSettings
from services.dashboard.settings import Settings as DashboardSettings
from services.dossiers.settings import Settings as DossiersSettings
from services.networks.settings import Settings as NetworksSettings
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.serving import Served, serving, surroundings

DRAFT = {
    "kind": "collaboration",
    "title": "Collaboration with Lyon",
    "counterpart": {"name": "Lyon", "place": "Lyon"},
}
CANDIDACY = {
    "kind": "prize",
    "what_for": "A prize",
    "what_for_it": "Un premio",
    "applicant": "Milan",
    "applicant_it": "Milano",
    "source": {"title": "The office", "kind": "office"},
    "as_of": "2026-01",
}
MISSION: dict[str, Any] = {
    "title": "Meeting in Lyon",
    "purpose": "meeting",
    "holder": {"function": "Mayor"},
    "legs": [{"place": "Lyon", "starts_at": "2027-03-04T09:30", "ends_at": "2027-03-05T18:00"}],
}
MEMBERSHIP = {
    "network": "C40",
    "network_it": "C40",
    "unit": "partnerships",
    "role": "member",
    "source": {"title": "The office", "kind": "office"},
    "as_of": "2026-01",
}
PATHS = {
    "Ponte: agenda": "/v1/missions",
    "Ponte: agreements": "/v1/agreements",
    "Ponte: networks": "/v1/memberships",
    "Ponte: dossiers": "/v1/candidacies",
    "Ponte: dashboard": "/v1/feed",
}


@dataclass(frozen=True)
class Area:
    """All five services."""

    agenda: Served
    agreements: Served
    networks: Served
    dossiers: Served
    dashboard: Served

    @property
    def others(self) -> tuple[Served, ...]:
        return self.agreements, self.networks, self.dossiers, self.dashboard


@asynccontextmanager
async def whole_area(mongod: Mongod, kafka: Kafka, folder: Path) -> AsyncIterator[Area]:
    """The five of them, from their start to their end."""
    parts: list[tuple[Callable[..., Any], Any]] = [
        (services.agenda.app.build_app, AgendaSettings),
        (services.agreements.app.build_app, AgreementsSettings),
        (services.networks.app.build_app, NetworksSettings),
        (services.dossiers.app.build_app, DossiersSettings),
        (services.dashboard.app.build_app, DashboardSettings),
    ]
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(surroundings(mongod.uri, kafka.bootstrap_servers, folder))
        yield Area(*[await stack.enter_async_context(serving(around, *part)) for part in parts])
