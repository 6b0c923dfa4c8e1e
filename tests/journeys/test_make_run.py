"""What a newcomer sees: `make run`, the link, the page, a command, Ctrl-C and the second run."""

import asyncio
import socket
import statistics
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser import LAUNCH, chromium
from tests.system import PONTE, SERVICES, System, free_ports, overview

pytestmark = [pytest.mark.engines, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with System(tmp_path_factory.mktemp("run") / "data", sample=True) as running:
        yield running


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
        yield browser
        await browser.close()


@pytest.fixture
async def page(system: System, browser: Browser) -> AsyncIterator[Page]:
    """The Director's page, opened by a sign-in link of its own."""
    context = await browser.new_context(viewport={"width": 1440, "height": 1200}, locale="it-IT")
    page = await context.new_page()
    made = system.ponte("link")
    assert made.returncode == 0, made.stderr
    await page.goto(made.stdout.strip())
    await page.wait_for_selector("#live:not(.waiting)")
    yield page
    await context.close()


def a_mission(title: str) -> dict[str, Any]:
    return {
        "title": title,
        "purpose": "meeting",
        "holder": {"function": "Mayor"},
        "legs": [{"place": "Lyon", "starts_at": "2027-06-04T09:30", "ends_at": "2027-06-05T18:00"}],
        "schedule": True,
    }


async def test_the_printed_link_opens_the_page_once(system: System, browser: Browser) -> None:
    context = await browser.new_context(locale="it-IT")
    page = await context.new_page()
    await page.goto(system.link())
    assert await page.locator("h1").inner_text() != ""
    assert await page.locator("#agreements").count() == 1
    again = await (await browser.new_context()).new_page()
    answer = await again.goto(system.link())
    assert answer is not None
    assert answer.status in {401, 403, 410}
    assert await again.locator("#agreements").count() == 0
    await context.close()


async def test_the_page_shows_the_twinnings_with_their_sources(system: System, page: Page) -> None:
    async with system.http("agreements") as client:
        items = (await overview(client, "/v1/agreements?kind=twinning&limit=100"))["items"]
    known = [item["data"] for item in items]
    assert len(known) == 15
    rows = [page.locator(f'#agreements [data-agreement="{item["agreement_id"]}"]') for item in known]
    texts = [await row.inner_text() for row in rows]
    assert len([text for text in texts if "sospeso" in text.lower()]) == 1
    assert not [text for text in texts if "terminato" in text.lower() or "cessato" in text.lower()]
    for item, row, text in zip(known, rows, texts, strict=True):
        assert await row.count() == 1
        claim = item["status"]
        assert claim["source"]["title"] in text
        assert claim["as_of"][:4] in text
        assert ("ultima conferma" in text.lower()) is not claim["confirmed"], text
    by_city = {item["counterpart"]["name"]: text for item, text in zip(known, texts, strict=True)}
    assert "21 ottobre 1969" in by_city["Frankfurt"]
    assert "20 ottobre 1970" in by_city["Frankfurt"]
    assert "aprile 1973" in by_city["Chicago"]


async def test_the_page_shows_who_sits_where_and_how_candidacies_ended(page: Page) -> None:
    networks = await page.locator("#networks").inner_text()
    for told in ("EUROCITIES", "C40", "2016", "2022"):
        assert told in networks
    candidacies = await page.locator("#candidacies").inner_text()
    assert len(await page.locator("#candidacies [data-candidacy]").all()) == 6
    for told in ("13", "sorteggio", "47", "2019"):
        assert told in candidacies.lower()


async def test_a_scheduled_mission_is_on_the_page_within_a_second(system: System, page: Page) -> None:
    await page.evaluate("window.theSamePage = true")
    took = []
    async with system.http("agenda", "officer-city") as client:
        for number in range(5):
            answer = await client.post("/v1/missions", json=a_mission(f"Incontro numero {number}"))
            assert answer.status_code == 201, answer.text
            began = time.monotonic()
            subject = answer.json()["subject"]
            await page.wait_for_selector(f'.entry[data-subject="{subject}"]', state="attached")
            took.append(time.monotonic() - began)
    assert statistics.median(took) < 1, took
    assert await page.evaluate("window.theSamePage")


async def test_after_a_lost_connection_nothing_is_missing_and_nothing_double(
    system: System, page: Page
) -> None:
    await page.context.set_offline(True)
    subjects = []
    async with system.http("agenda", "officer-city") as client:
        for number in range(3):
            answer = await client.post("/v1/missions", json=a_mission(f"Senza rete {number}"))
            subjects.append(answer.json()["subject"])
    system.kill("dashboard")
    await page.context.set_offline(False)
    for subject in subjects:
        await page.wait_for_selector(f'.entry[data-subject="{subject}"]', state="attached", timeout=60_000)
    places = await page.eval_on_selector_all(
        ".entry", "all => all.map(e => [e.dataset.subject, e.dataset.epoch, e.dataset.sequence].join('/'))"
    )
    assert len(places) == len(set(places))
    numbers = await page.eval_on_selector_all(".entry", "all => all.map(e => Number(e.dataset.number))")
    assert numbers == sorted(numbers, reverse=True)


async def test_a_second_run_beside_the_first_is_one_sentence(system: System) -> None:
    other = await asyncio.to_thread(system.ponte, "up")
    assert other.returncode == 1
    assert "already running" in other.stderr
    assert len(other.stderr.strip().splitlines()) == 1


async def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
        ports["agreements"] = taken.getsockname()[1]
        system = System(tmp_path / "data", ports=ports)
        made = await asyncio.to_thread(
            subprocess.run, [PONTE, "up"], env=system.environment, capture_output=True, text=True, timeout=60
        )
    assert made.returncode == 1
    lines = made.stderr.strip().splitlines()
    assert len(lines) == 1
    assert str(ports["agreements"]) in lines[0]
    assert "PONTE_AGREEMENTS_PORT" in lines[0]
    assert system.processes() == []


async def test_ctrl_c_leaves_no_process_and_a_second_run_shows_the_same(
    system: System, browser: Browser
) -> None:
    async with system.http("agreements", "officer-city") as client:
        items = (await overview(client, "/v1/agreements?kind=twinning&limit=100"))["items"]
        dakar = next(item["data"] for item in items if item["data"]["counterpart"]["name"] == "Dakar")
        corrected = await client.post(
            f"/v1/agreements/{dakar['agreement_id']}/correct", json={"note": "Corretto a mano"}
        )
        assert corrected.status_code == 200, corrected.text
        before = await overview(client, "/v1/agreements?limit=200")
    assert await system.stop() == 0
    assert system.processes() == []
    began = time.monotonic()
    await system.start()
    print(f"warm start: {time.monotonic() - began:.1f} s")
    async with system.http("agreements") as client:
        assert await overview(client, "/v1/agreements?limit=200") == before
    page = await (await browser.new_context(locale="it-IT")).new_page()
    await page.goto(system.link())
    row = page.locator(f'#agreements [data-agreement="{dakar["agreement_id"]}"]')
    assert "Corretto a mano" in await row.inner_text()
