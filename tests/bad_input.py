"""Running services that are sent what no honest caller sends, and what they have to leave behind of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client import REGISTRY

from services.agenda.app import build_app as build_agenda
from services.agenda.settings import Settings as AgendaSettings
from services.dashboard.app import build_app as build_dashboard
from services.dashboard.cookies import SESSION
from services.dashboard.settings import Settings as DashboardSettings
from services.dashboard.tests.other_provider import CLIENT_ID, SECRET, OtherProvider, other_provider
from shared.identity.local import LocalKeys, sign_in_link
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.store import Database
from shared.store.trail import AUDIT_ENTRIES, entries
from shared.testing.serving import Served, serving, surroundings
from tests.forging import token


@dataclass(frozen=True)
class Ground:
    """The agenda, the dashboard of a laptop (with links) and one that signs people in at a provider."""

    services: Mapping[str, Served]
    provider: OtherProvider

    @property
    def keys(self) -> LocalKeys:
        """Whose tokens hold."""
        return self.services["agenda"].keys

    def database(self, service: str) -> Database:
        """Where the service's trail is."""
        return self.services[service].database

    def caller(self, service: str, address: str) -> httpx.AsyncClient:
        """Somebody without any credential who comes from ``address``."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.services[service].app, client=(address, 1)),
            base_url="http://127.0.0.1:8080",
            headers={"accept-language": "en"},
        )


@asynccontextmanager
async def ground(mongod: Mongod, kafka: Kafka, folder: Path) -> AsyncIterator[Ground]:
    """All of them, from start to end."""

    def with_provider(settings: DashboardSettings) -> Any:
        changes = {
            "oidc_issuer": provider.issuer,
            "oidc_jwks": provider.jwks,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": SECRET,
            "oidc_redirect_uri": "http://127.0.0.1:8080/sign-in/callback",
        }
        return build_dashboard(DashboardSettings.model_validate(settings.model_dump() | changes))

    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(other_provider())
        engines = (mongod.uri, kafka.bootstrap_servers)
        here = await stack.enter_async_context(surroundings(*engines, folder / "here"))
        there = await stack.enter_async_context(surroundings(*engines, folder / "there"))
        agenda = await stack.enter_async_context(serving(here, build_agenda, AgendaSettings))
        pages = await stack.enter_async_context(serving(here, build_dashboard, DashboardSettings))
        signing_on = await stack.enter_async_context(serving(there, with_provider, DashboardSettings))
        yield Ground({"agenda": agenda, "pages": pages, "sign-on": signing_on}, provider)


async def told(database: Database, address: str) -> list[dict[str, Any]]:
    """The entries about whoever came from ``address``, oldest first."""
    return (await entries(database, {"origin": address, "kind": "refusal"}))[::-1]


async def stored(database: Database) -> str:
    """All of the trail as it lies there, to be searched for what must not be in it."""
    return str(await database[AUDIT_ENTRIES].find({}).to_list())


def counted(reason: str) -> float:
    """How many refusals for this reason all services have counted."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        if metric.name == "ponte_http_refusals"
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["reason"] == reason
    )


def workbook() -> bytes:
    """The beginning of every .xlsx file: a ZIP archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return content.getvalue()


Send = Callable[[Ground, httpx.AsyncClient], Awaitable[httpx.Response]]


def bare(method: str, path: str, **more: Any) -> Send:
    """A request without a token."""

    async def send(_: Ground, caller: httpx.AsyncClient) -> httpx.Response:
        return await caller.request(method, path, **more)

    return send


def with_token(
    make: Callable[[LocalKeys], str], method: str = "GET", path: str = "/v1/missions", **more: Any
) -> Send:
    """A request with the token that ``make`` makes."""

    async def send(here: Ground, caller: httpx.AsyncClient) -> httpx.Response:
        headers = {"authorization": f"Bearer {make(here.keys)}"} | more.get("headers", {})
        return await caller.request(method, path, **(more | {"headers": headers}))

    return send


def bearer(**claims: Any) -> Send:
    """A director's token but for these claims."""
    return with_token(lambda keys: token(keys, **claims))


def director(method: str, path: str, body: Any = None, kind: str = "application/json") -> Send:
    """A request of somebody who may do everything; ``body`` is JSON, or bytes that say they are ``kind``."""
    if isinstance(body, bytes):
        return with_token(token, method, path, content=body, headers={"content-type": kind})
    return with_token(token, method, path, **({} if body is None else {"json": body}))


def link(make: Callable[[LocalKeys], str], *, times: int = 1) -> Send:
    """Open a sign-in link so often, each time in a browser without cookies."""

    async def send(here: Ground, caller: httpx.AsyncClient) -> httpx.Response:
        address = make(here.keys)
        for _ in range(times):
            caller.cookies.clear()
            answer = await caller.get(address)
        return answer

    return send


def true_link(keys: LocalKeys) -> str:
    """One that holds."""
    return sign_in_link(keys, "")


def bent_link(keys: LocalKeys) -> str:
    """One with another end."""
    address = true_link(keys)
    return f"{address[:-3]}{'AAA' if not address.endswith('AAA') else 'BBB'}"


def link_of(**claims: Any) -> Callable[[LocalKeys], str]:
    """A link whose token has these claims."""
    return lambda keys: f"/link?token={token(keys, **claims)}"


def cookie(value: str) -> Send:
    """Ask for the page with this value as the session's cookie."""
    return bare("GET", "/", headers={"cookie": f"{SESSION}={value}"})


async def cookie_of_before(here: Ground, caller: httpx.AsyncClient) -> httpx.Response:
    """Sign in, sign out, and come back with the cookie."""
    await caller.get(true_link(here.keys))
    kept = dict(caller.cookies)
    await caller.post("/sign-out", headers={"sec-fetch-site": "same-origin"})
    caller.cookies.clear()
    return await caller.get("/", headers={"cookie": f"{SESSION}={kept[SESSION]}"})


async def another_sites_page(here: Ground, caller: httpx.AsyncClient) -> httpx.Response:
    """Sign in, and have a page of another site act with the session."""
    await caller.get(true_link(here.keys))
    return await caller.post("/sign-out", headers={"origin": "https://elsewhere.example"})


async def logout_token_twice(here: Ground, caller: httpx.AsyncClient) -> httpx.Response:
    """The provider's, and once more by somebody who has seen it."""
    form = {"logout_token": here.provider.logout_token()}
    assert (await caller.post("/back-channel-logout", data=form)).status_code == 200
    return await caller.post("/back-channel-logout", data=form)
