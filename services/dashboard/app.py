"""Where the dashboard's parts are wired together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.dashboard.api import api_router
from services.dashboard.audit_pages import AuditDesk, audit_pages_router
from services.dashboard.cookies import session_name
from services.dashboard.gate import SignOff, error_page, gate_router
from services.dashboard.hub import Hub
from services.dashboard.pages import live_router, pages_router
from services.dashboard.privacy import DECLARATIONS
from services.dashboard.register import Register
from services.dashboard.render import STATIC, Renderer
from services.dashboard.settings import Settings
from services.dashboard.sign_on import OPEN as SIGN_ON_PATHS
from services.dashboard.sign_on import SignOn, sign_on_router
from services.dashboard.store import MongoRegister
from shared.acting import Acting, viewed
from shared.contracts.registry import BY_TOPIC
from shared.identity.links import link_verifier
from shared.identity.renewal import Renewal
from shared.identity.sessions import Sessions, session_authenticator
from shared.identity.sign_ins import SignIns
from shared.messaging import ServiceRuntime
from shared.places.today import CityDay
from shared.privacy.expiring import Expiring, visits
from shared.web import ServiceInfo, create_app
from shared.web.audit_router import audit_router
from shared.web.people_export_router import people_export_router
from shared.web.people_router import people_router
from shared.web.retaining import retained

SERVICE: Final = ServiceInfo(
    name="dashboard",
    title="Ponte: dashboard",
    summary="The Director's live page",
    description="The read side of every unit: latest states and the feed of what happened, as pages for "
    "people and as lists for programs. It changes nothing; whatever it shows belongs to another unit.",
    version="1.0.0",
    consumes=tuple(event for events in BY_TOPIC.values() for event in events),
)
OPEN: Final = ("/link", "/static/", *SIGN_ON_PATHS)
"""What anybody may call, besides the documents and probes of every service."""


class StaticPages(StaticFiles):
    """Static files; an address with its content's digest may be kept for ever, any other is asked about."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file."""
        response = await super().get_response(path, scope)
        kept = b"v=" in scope["query_string"]
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return response


class Parts:
    """What opens with the service and is asked at every request."""

    def __init__(self) -> None:
        self._hub: Hub | None = None
        self._sessions: Sessions | None = None
        self._sign_ins: SignIns | None = None

    def open(self, hub: Hub, sessions: Sessions, sign_ins: SignIns) -> None:
        """Set them once they run."""
        self._hub, self._sessions, self._sign_ins = hub, sessions, sign_ins

    def hub(self) -> Hub:
        """Follows the feed. Raises ``ConnectionError`` before the service runs."""
        if self._hub is None:
            raise ConnectionError("the dashboard is not running yet")
        return self._hub

    def sessions(self) -> Sessions:
        """Who is signed in. Raises ``ConnectionError`` before the service runs."""
        if self._sessions is None:
            raise ConnectionError("the dashboard is not running yet")
        return self._sessions

    def sign_ins(self) -> SignIns:
        """Who is about to sign in. Raises ``ConnectionError`` before the service runs."""
        if self._sign_ins is None:
            raise ConnectionError("the dashboard is not running yet")
        return self._sign_ins


def build_app(settings: Settings, *, register: Register | None = None) -> FastAPI:
    """The dashboard. ``register`` takes the place of the one that MongoDB and Kafka fill."""
    runtime = ServiceRuntime(settings, SERVICE.name, auditing=settings.auditing())
    renderer = Renderer(settings.as_city())
    parts = Parts()
    oidc = settings.as_oidc()
    idle, absolute = settings.timeouts()
    units, tokens = settings.as_units(), settings.as_own_tokens()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with runtime.running():
            sessions = Sessions(runtime.database, idle=idle, absolute=absolute)
            await sessions.prepare()
            sign_ins = SignIns(runtime.database)
            await sign_ins.prepare()
            own = MongoRegister(runtime.database)
            await own.start()
            hub = Hub(register or own, renderer)
            await hub.start()
            parts.open(hub, sessions, sign_ins)
            await runtime.read(list(BY_TOPIC), views=own.views)
            gone = Expiring("visits", settings.retention_months_visits, visits)
            try:
                async with retained(runtime, settings, more=[gone]):
                    yield
            finally:
                await hub.stop()
                await own.stop()
                await units.close()

    return create_app(
        SERVICE,
        settings,
        lifespan=lifespan,
        routers=[
            pages_router(parts.hub),
            live_router(parts.hub, parts.sessions),
            audit_pages_router(AuditDesk(renderer, units, tokens, parts.sessions)),
            gate_router(
                parts.sessions,
                link_verifier(settings.oidc_jwks, settings.oidc_issuer),
                SignOff(oidc, renderer) if oidc else None,
            ),
            sign_on_router(SignOn(oidc, parts.sign_ins, parts.sessions) if oidc else None),
            api_router(parts.hub),
            people_export_router(lambda: runtime.database, DECLARATIONS),
            audit_router(lambda: runtime.database, runtime.name, runtime.aggregates),
            people_router(lambda: runtime.erasures),
        ],
        mounts={"/static": StaticPages(directory=STATIC)},
        open_paths=OPEN,
        health=runtime.problems,
        stuck=runtime.stuck,
        trail=runtime.trail,
        authenticators=[
            session_authenticator(
                parts.sessions, session_name, Renewal(parts.sessions, oidc) if oidc else None
            )
        ],
        error_page=error_page(renderer, single_sign_on=oidc is not None),
        on_behalf=Acting(viewed(lambda: runtime.database), CityDay(settings.city), runtime.unheard),
    )
