"""The auditor's page on a real server over small units, for whoever a session belongs to."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from fastapi import FastAPI
from starlette.requests import Request

from services.dashboard.app import SERVICE, StaticPages
from services.dashboard.audit_pages import AuditDesk, audit_pages_router
from services.dashboard.cookies import SESSION
from services.dashboard.gate import error_page
from services.dashboard.hub import Hub
from services.dashboard.pages import pages_router
from services.dashboard.render import STATIC, Renderer
from services.dashboard.settings import Settings
from services.dashboard.tests.facts import MILAN, a_picture
from services.dashboard.tests.loopback import on_loopback
from services.dashboard.tests.memory import MemoryRegister
from services.dashboard.tests.trail_units import the_units
from services.dashboard.units import Units
from shared.identity import Identity, Role
from shared.identity.local import ensure_keys
from shared.identity.own_tokens import OwnTokens
from shared.identity.sessions import Session, Sessions
from shared.web import create_app


class Doors:
    """The cookie's value is the role of whoever holds it."""

    async def find(self, cookie: str, now: datetime, *, touch: bool = True) -> Session | None:
        if cookie not in set(Role):
            return None
        who = Identity(f"local-{cookie}", f"local-{cookie}", frozenset({Role(cookie)}))
        return Session(cookie, who, now + timedelta(hours=1))

    async def authenticate(self, request: Request) -> Identity | None:
        session = await self.find(request.cookies.get(SESSION, ""), datetime.now(UTC))
        return session.identity if session else None


@dataclass
class Audited:
    """A running page; ``app`` is for asking it without a network."""

    url: str
    app: FastAPI


def an_app(units: Units, tokens: OwnTokens) -> FastAPI:
    hub, doors = Hub(MemoryRegister(a_picture()), Renderer(MILAN)), Doors()
    settings = Settings(
        kafka_bootstrap_servers="127.0.0.1:1",
        mongodb_uri="mongodb://127.0.0.1:1",
        oidc_issuer="http://127.0.0.1/local",
        oidc_jwks="no-such-file",
        http_port=8080,
    )
    desk = AuditDesk(hub.renderer, units, tokens, lambda: cast("Sessions", doors))
    return create_app(
        SERVICE,
        settings,
        routers=[pages_router(lambda: hub), audit_pages_router(desk)],
        mounts={"/static": StaticPages(directory=STATIC)},
        open_paths=("/static/",),
        authenticators=[doors.authenticate],
        error_page=error_page(hub.renderer),
    )


@asynccontextmanager
async def audited(keys: Path | None, **apps: FastAPI) -> AsyncIterator[Audited]:
    """The page over these units; without ``keys`` the sessions have no token to ask with."""
    tokens = OwnTokens(ensure_keys(keys).private_key) if keys else OwnTokens()
    async with AsyncExitStack() as stack:
        units = await stack.enter_async_context(the_units(**apps))
        app = an_app(units, tokens)
        yield Audited(await stack.enter_async_context(on_loopback(app)), app)
