"""The way in and out, with real sessions: the one-time link, the session's cookie, signing out."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from services.dashboard.app import SERVICE
from services.dashboard.cookies import session_name
from services.dashboard.gate import error_page, gate_router
from services.dashboard.hub import Hub
from services.dashboard.pages import pages_router
from services.dashboard.render import Renderer
from services.dashboard.settings import Settings
from services.dashboard.tests.facts import MILAN, a_picture
from services.dashboard.tests.memory import MemoryRegister
from shared.identity import Role
from shared.identity.links import LOCAL_ISSUER, link_verifier
from shared.identity.local import LocalKeys, ensure_keys, issue_token, sign_in_link
from shared.identity.sessions import Sessions, session_authenticator
from shared.store import close, connect
from shared.web import create_app

HERE = "http://127.0.0.1:8080"


@pytest.fixture
def keys(tmp_path: Path) -> LocalKeys:
    return ensure_keys(tmp_path)


@pytest.fixture
async def client(
    keys: LocalKeys, mongodb_uri: str, database_name: Callable[[str], str]
) -> AsyncIterator[httpx.AsyncClient]:
    driver = connect(mongodb_uri)
    sessions = Sessions(driver[database_name("dashboard")])
    await sessions.prepare()
    settings = Settings(
        kafka_bootstrap_servers="127.0.0.1:1",
        mongodb_uri=mongodb_uri,
        oidc_issuer=LOCAL_ISSUER,
        oidc_jwks=str(keys.jwks_file),
        http_port=8080,
    )
    hub = Hub(MemoryRegister(a_picture()), Renderer(MILAN))
    app = create_app(
        SERVICE,
        settings,
        routers=[
            pages_router(lambda: hub),
            gate_router(lambda: sessions, link_verifier(settings.oidc_jwks, settings.oidc_issuer)),
        ],
        open_paths=("/link",),
        authenticators=[session_authenticator(lambda: sessions, session_name)],
        error_page=error_page(hub.renderer),
    )
    transport = httpx.ASGITransport(app)
    headers = {"accept": "text/html", "accept-language": "it", "sec-fetch-site": "same-origin"}
    async with httpx.AsyncClient(transport=transport, base_url=HERE, headers=headers) as made:
        yield made
    await close(driver)


async def test_the_link_opens_a_session_once(client: httpx.AsyncClient, keys: LocalKeys) -> None:
    link = sign_in_link(keys, HERE)
    entered = await client.get(link)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = await client.get("/")
    assert page.status_code == 200
    assert "Direzione d&#39;Area" in page.text
    assert link.rpartition("=")[2] not in page.text
    async with httpx.AsyncClient(transport=client._transport, base_url=HERE) as other:
        again = await other.get(link, headers={"accept": "text/html", "accept-language": "it"})
        assert again.status_code == 401
        assert "Il collegamento non è valido." in again.text
        assert (await other.get("/")).status_code == 401


async def test_signing_out_ends_the_session_on_the_server(client: httpx.AsyncClient, keys: LocalKeys) -> None:
    await client.get(sign_in_link(keys, HERE))
    kept = dict(client.cookies)
    left = await client.post("/sign-out", follow_redirects=True)
    assert left.status_code == 401
    assert "Sessione chiusa." in left.text
    client.cookies.update(kept)
    assert (await client.get("/")).status_code == 401, "a kept cookie opens nothing"


async def test_another_site_cannot_sign_somebody_out(client: httpx.AsyncClient, keys: LocalKeys) -> None:
    await client.get(sign_in_link(keys, HERE))
    answer = await client.post("/sign-out", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await client.get("/")).status_code == 200


@pytest.mark.parametrize("token", ["", "false.token.here", "api"])
async def test_only_a_sign_in_link_opens(client: httpx.AsyncClient, keys: LocalKeys, token: str) -> None:
    if token == "api":
        token = issue_token(keys, Role.DIRECTOR)
    answer = await client.get("/link", params={"token": token})
    assert answer.status_code == 401
    assert "Il collegamento non è valido." in answer.text
    assert "set-cookie" not in answer.headers
