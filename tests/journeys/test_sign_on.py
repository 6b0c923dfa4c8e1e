"""Signing in through the real Keycloak with the realm of `deploy/keycloak/`, in Chromium and as a program."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from services.dashboard.app import build_app
from services.dashboard.settings import Settings
from shared.local.kafka import Kafka
from shared.local.keycloak import Keycloak
from shared.local.mongod import Mongod
from shared.store import Database, close, connect
from shared.testing.realm import CLIENT_ID, Person, Realm
from shared.testing.serving import surroundings
from shared.testing.waiting import eventually
from tests.browser import LAUNCH, chromium

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Here:
    """The dashboard as a server, where the realm expects it."""

    url: str
    database: Database
    realm: Realm


def settings_for(keycloak: Keycloak, secret: Path, **values: Any) -> Settings:
    return Settings.model_validate(
        {
            "oidc_issuer": keycloak.issuer,
            "oidc_jwks": f"{keycloak.issuer}/protocol/openid-connect/certs",
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret_file": secret,
            "oidc_redirect_uri": f"{keycloak.pages_url}/sign-in/callback",
            "http_port": keycloak.ports["pages"],
            **values,
        }
    )


@pytest.fixture(scope="module")
async def here(
    realm: Realm, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Here]:
    folder = tmp_path_factory.mktemp("sign-on")
    secret = folder / "client-secret"
    secret.write_text(realm.secrets[CLIENT_ID] + "\n")
    async with surroundings(mongod.uri, kafka.bootstrap_servers, folder) as around:
        app = build_app(
            settings_for(
                realm.keycloak,
                secret,
                mongodb_uri=mongod.uri,
                kafka_bootstrap_servers=kafka.bootstrap_servers,
                database_prefix=around.prefix,
                topic_prefix=around.prefix,
            )
        )
        port = realm.keycloak.ports["pages"]
        server = uvicorn.Server(
            uvicorn.Config(app, port=port, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
        )
        running = asyncio.create_task(server.serve())
        await eventually(lambda: server.started, within=60)
        client = connect(mongod.uri)
        try:
            yield Here(realm.keycloak.pages_url, client[f"{around.prefix}dashboard"], realm)
        finally:
            await close(client)
            app.state.stopping.set()
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await running


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
        yield browser
        await browser.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(locale="it-IT")
    made.set_default_timeout(60_000)
    yield made
    await made.close()


async def sign_in(page: Page, here: Here, person: Person, address: str = "/") -> None:
    """From the address, through the button and Keycloak's own form."""
    await page.goto(here.url + address)
    await page.get_by_role("link", name="Accedi").click()
    await page.fill("#username", person.username)
    await page.fill("#password", person.password)
    await page.click("#kc-login")
    await page.wait_for_url(f"{here.url}/**")


async def make_due(here: Here) -> None:
    """As if the access tokens of all sessions were about to end."""
    await here.database["sessions"].update_many({}, [{"$set": {"renew_at": "$seen"}}])


@pytest.mark.browser
async def test_a_person_signs_in_and_the_provider_ends_it(
    here: Here, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.dashboard.live.CHECK_S", 1.0)
    person = await here.realm.add_person(["officer-city"], first="Anna", last="Rossi")
    page = await context.new_page()
    await sign_in(page, here, person, "/?unit=city")
    assert page.url == f"{here.url}/?unit=city"
    await page.wait_for_selector("#live:not(.waiting)")
    assert "Anna Rossi" in await page.get_by_role("banner").inner_text()
    held = {cookie["name"]: cookie for cookie in await context.cookies(here.url)}
    assert held["ponte-session"]["httpOnly"]
    assert not [cookie for cookie in held.values() if "eyJ" in cookie["value"]], "no token in the browser"
    assert not [name for name in held if name.startswith("ponte-sign-in")], "what was begun is over"

    await here.realm.sign_out(person)
    await page.wait_for_selector("#live:has-text('La sessione è scaduta')")
    answer = await page.goto(f"{here.url}/")
    assert answer
    assert answer.status == 401
    assert await page.get_by_role("link", name="Accedi").is_visible()


@pytest.mark.browser
async def test_who_signs_out_here_is_signed_out_there(here: Here, context: BrowserContext) -> None:
    person = await here.realm.add_person(["director"])
    page = await context.new_page()
    await sign_in(page, here, person)
    await page.wait_for_selector("#live:not(.waiting)")
    assert len(await here.realm.sessions(person)) == 1
    await page.locator('form[action="/sign-out"] button').click()
    await page.wait_for_url(f"{here.url}/?left=1")
    assert "Sessione chiusa." in await page.inner_text("main")
    assert await here.realm.sessions(person) == []
    await page.get_by_role("link", name="Accedi").click()
    assert await page.locator("#kc-login").is_visible(), "the provider asks anew"


@pytest.mark.browser
@pytest.mark.parametrize("groups", [[], ["integration"]])
async def test_what_the_role_does_not_cover_is_refused_by_address(
    here: Here, context: BrowserContext, groups: list[str]
) -> None:
    person = await here.realm.add_person(groups)
    page = await context.new_page()
    await sign_in(page, here, person)
    for address in ("/", "/?unit=city", "/feed"):
        answer = await page.goto(here.url + address)
        assert answer
        assert answer.status == 403, address
        assert "Non consentito" in await page.inner_text("h1")


@pytest.mark.browser
async def test_a_group_withdrawn_and_a_person_locked_out_are_noticed_at_the_next_renewal(
    here: Here, context: BrowserContext
) -> None:
    person = await here.realm.add_person(["auditor"])
    page = await context.new_page()
    await sign_in(page, here, person)
    await make_due(here)
    for group, status in ((None, 200), ("auditor", 403)):
        if group:
            await here.realm.leave_group(person, group)
            await make_due(here)
        answer = await page.goto(here.url)
        assert answer
        assert answer.status == status
    await here.realm.disable(person)
    await make_due(here)
    answer = await page.goto(here.url)
    assert answer
    assert answer.status == 401


@pytest.mark.browser
async def test_the_trail_is_read_with_the_providers_own_token(here: Here, browser: Browser) -> None:
    officer = await here.realm.add_person(["officer-city"])
    refused = await browser.new_context(locale="it-IT")
    page = await refused.new_page()
    await sign_in(page, here, officer, "/audit")
    assert "Non consentito" in await page.inner_text("h1")
    await refused.close()

    auditor = await here.realm.add_person(["auditor"])
    context = await browser.new_context(locale="it-IT")
    page = await context.new_page()
    await sign_in(page, here, auditor, "/audit?service=dashboard")

    async def noted() -> bool:
        await page.goto(f"{here.url}/audit?service=dashboard&kind=refusal")
        return "Leggere il registro di controllo" in await page.inner_text("main")

    await eventually(noted, within=20)
    assert await page.locator(".notice:not([hidden])").count() == 0
    await page.goto(f"{here.url}/audit")
    assert "Agenda: il servizio non risponde." in await page.inner_text("main"), "and the rest is there"
    await context.close()


async def test_a_program_comes_with_a_token_and_new_keys_need_no_restart(here: Here) -> None:
    async def status() -> int:
        token = await here.realm.program_token()
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{here.url}/v1/overview", headers={"authorization": f"Bearer {token}"})
        return answer.status_code

    assert await status() == 200
    await here.realm.rotate_keys()

    async def accepted() -> bool:
        return await status() == 200

    # Made-up keys must not flood the provider: it is asked at most every ten seconds.
    await eventually(accepted, within=30)


async def test_a_token_of_another_realm_opens_nothing(here: Here) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{here.realm.keycloak.url}/realms/master/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": "admin",
                "password": here.realm.keycloak.admin_password,
            },
        )
        foreign = answer.json()["access_token"]
        refused = await client.get(f"{here.url}/v1/overview", headers={"authorization": f"Bearer {foreign}"})
    assert refused.status_code == 401
