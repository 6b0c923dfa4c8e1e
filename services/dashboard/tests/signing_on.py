"""The dashboard's doors before a provider, with real sessions, and a browser reduced to its cookies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from prometheus_client import REGISTRY

from services.dashboard.app import OPEN, SERVICE
from services.dashboard.cookies import session_name
from services.dashboard.gate import SignOff, error_page, gate_router
from services.dashboard.hub import Hub
from services.dashboard.pages import pages_router
from services.dashboard.render import Renderer
from services.dashboard.settings import Settings
from services.dashboard.sign_on import SignOn, sign_on_router
from services.dashboard.tests.facts import MILAN, a_picture
from services.dashboard.tests.memory import MemoryRegister
from services.dashboard.tests.other_provider import CLIENT_ID, DIRECTORS, SECRET, OtherProvider
from shared.identity.links import link_verifier
from shared.identity.renewal import Renewal
from shared.identity.sessions import Sessions, session_authenticator
from shared.identity.sign_ins import SignIns
from shared.store import Database
from shared.web import create_app

HERE = "http://127.0.0.1:8080"
BACK = f"{HERE}/sign-in/callback"
HTML = {"accept": "text/html", "accept-language": "en", "sec-fetch-site": "same-origin"}


def counted(outcome: str, name: str = "ponte_sign_ins_total") -> float:
    return REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0


def settings_for(provider: OtherProvider, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "kafka_bootstrap_servers": "127.0.0.1:1",
        "mongodb_uri": "mongodb://127.0.0.1:1",
        "oidc_issuer": provider.issuer,
        "oidc_jwks": provider.jwks,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": SECRET,
        "oidc_redirect_uri": BACK,
        "oidc_roles": {DIRECTORS: "director"},
    }
    return Settings.model_validate(values | changes)


@dataclass
class Doors:
    """The dashboard and its provider; ``browser`` has cookies, and goes where it is sent by hand."""

    provider: OtherProvider
    database: Database
    sessions: Sessions
    browser: httpx.AsyncClient
    transport: httpx.ASGITransport

    def another_browser(self, base_url: str = HERE) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self.transport, base_url=base_url, headers=HTML)

    async def begin(self, next_page: str = "/") -> str:
        """Press "Sign in"; the provider's address that the browser is sent to."""
        sent = await self.browser.get("/sign-in", params={"next": next_page})
        assert sent.status_code == 303, sent.text
        return sent.headers["location"]

    async def pass_provider(self, address: str) -> dict[str, str]:
        """What the provider sends back for the address."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(address)
        assert answer.headers["location"].startswith(BACK)
        return {
            name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }

    async def come_back(self, answer: dict[str, str]) -> httpx.Response:
        return await self.browser.get("/sign-in/callback", params=answer)

    async def sign_in(self, next_page: str = "/") -> httpx.Response:
        return await self.come_back(await self.pass_provider(await self.begin(next_page)))

    async def signed_in(self, browser: httpx.AsyncClient | None = None) -> bool:
        return (await (browser or self.browser).get("/")).status_code == 200

    async def make_due(self) -> None:
        """As if the access tokens of all sessions were about to end."""
        await self.database["sessions"].update_many({}, [{"$set": {"renew_at": "$seen"}}])

    async def log_out(self, token: str) -> httpx.Response:
        return await self.browser.post("/back-channel-logout", data={"logout_token": token})


@asynccontextmanager
async def doors(provider: OtherProvider, database: Database, **changes: Any) -> AsyncIterator[Doors]:
    settings = settings_for(provider, **changes)
    idle, absolute = settings.timeouts()
    sessions, sign_ins = Sessions(database, idle=idle, absolute=absolute), SignIns(database)
    await sessions.prepare()
    await sign_ins.prepare()
    oidc = settings.as_oidc()
    assert oidc
    hub = Hub(MemoryRegister(a_picture()), Renderer(MILAN))
    app = create_app(
        SERVICE,
        settings,
        routers=[
            pages_router(lambda: hub),
            gate_router(
                lambda: sessions,
                link_verifier(settings.oidc_jwks, settings.oidc_issuer),
                SignOff(oidc, hub.renderer),
            ),
            sign_on_router(SignOn(oidc, lambda: sign_ins, lambda: sessions)),
        ],
        open_paths=tuple(path for path in OPEN if path != "/static/"),
        authenticators=[
            session_authenticator(lambda: sessions, session_name, Renewal(lambda: sessions, oidc))
        ],
        error_page=error_page(hub.renderer, single_sign_on=True),
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=HTML) as browser:
        yield Doors(provider, database, sessions, browser, transport)
