"""The dashboard's routes over a register in memory, on a real server on loopback."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from fastapi import FastAPI
from starlette.requests import Request

from services.dashboard.api import api_router
from services.dashboard.app import SERVICE, StaticPages
from services.dashboard.cookies import SESSION as SESSION_COOKIE
from services.dashboard.gate import error_page
from services.dashboard.hub import Hub
from services.dashboard.pages import live_router, pages_router
from services.dashboard.render import STATIC, Renderer
from services.dashboard.settings import Settings
from services.dashboard.tests.facts import MILAN
from services.dashboard.tests.loopback import on_loopback
from services.dashboard.tests.memory import MemoryRegister
from shared.identity import Identity, Role
from shared.identity.sessions import Session, Sessions
from shared.web import create_app

DIRECTOR = Identity(subject="person-1", client="test", roles=frozenset({Role.DIRECTOR}))
COOKIE = {SESSION_COOKIE: "signed-in"}


class Doors:
    """Whoever holds the cookie is the Director, until the session is closed."""

    def __init__(self) -> None:
        self.open = True

    async def find(self, cookie: str, now: datetime, *, touch: bool = True) -> Session | None:
        return Session(cookie, DIRECTOR, now) if self.open and cookie == COOKIE[SESSION_COOKIE] else None

    async def authenticate(self, request: Request) -> Identity | None:
        session = await self.find(request.cookies.get(SESSION_COOKIE, ""), datetime.now(UTC))
        return session.identity if session else None


@dataclass
class Served:
    """A running server and what it stands on."""

    url: str
    register: MemoryRegister
    hub: Hub
    doors: Doors


def an_app(register: MemoryRegister, doors: Doors, hub: Hub) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await hub.start()
        yield
        await hub.stop()

    settings = Settings(
        kafka_bootstrap_servers="127.0.0.1:1",
        mongodb_uri="mongodb://127.0.0.1:1",
        oidc_issuer="http://127.0.0.1/local",
        oidc_jwks="no-such-file",
        http_port=8080,
    )
    return create_app(
        SERVICE,
        settings,
        lifespan=lifespan,
        routers=[
            pages_router(lambda: hub),
            live_router(lambda: hub, lambda: cast("Sessions", doors)),
            api_router(lambda: hub),
        ],
        mounts={"/static": StaticPages(directory=STATIC)},
        open_paths=("/static/",),
        authenticators=[doors.authenticate],
        error_page=error_page(hub.renderer),
    )


@asynccontextmanager
async def serve(register: MemoryRegister, *, port: int = 0) -> AsyncIterator[Served]:
    """A server on a free port of loopback, stopped with everything that streams from it."""
    doors = Doors()
    hub = Hub(register, Renderer(MILAN))
    app = an_app(register, doors, hub)
    async with on_loopback(app, port=port) as url:
        yield Served(url, register, hub, doors)


def entry_numbers(html: str) -> list[int]:
    """The numbers of the feed's lines, in the order in which they stand."""
    return [int(number) for number in re.findall(r'class="entry[^>]*data-number="(\d+)"', html)]
