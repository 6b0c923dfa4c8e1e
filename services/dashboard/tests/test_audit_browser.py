"""The auditor's page in a real Chromium: accessibility, narrow screens, keyboard, and how it searches."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from services.dashboard.assets import provide
from services.dashboard.cookies import SESSION
from services.dashboard.tests.auditing import Audited, audited
from services.dashboard.tests.test_browser import AXE, LEVELS
from services.dashboard.tests.trail_units import a_change, a_unit, some_rows
from shared.identity import Role
from shared.testing.waiting import eventually
from tests.browser import LAUNCH, chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

ALONE = "/audit?missing=dossiers"
WRONG = "/audit?since=2026-11-30&until=2026-11-01"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
        yield browser
        await browser.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Audited]:
    """Sixty more entries, and one unit that is away."""
    rows = some_rows()
    rows["agenda"] += [a_change(n, timedelta(days=3, minutes=n), subject=f"mission-{n}") for n in range(60)]
    apps = {unit: a_unit(each) for unit, each in rows.items() if unit != "dossiers"}
    async with audited(tmp_path, **apps) as made:
        yield made


async def a_context(browser: Browser, served: Audited, **options: Any) -> BrowserContext:
    context = await browser.new_context(
        **{"viewport": {"width": 1440, "height": 1000}, "locale": "it-IT", **options}
    )
    await context.add_cookies([{"name": SESSION, "value": Role.AUDITOR, "url": served.url}])
    return context


@pytest.fixture
async def page(browser: Browser, served: Audited) -> AsyncIterator[Page]:
    context = await a_context(browser, served)
    page = await context.new_page()
    errors: list[str] = page.__dict__.setdefault("errors", [])
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    await page.goto(f"{served.url}/audit")
    yield page
    assert [error for error in errors if "422" not in error] == [], "no errors, no breaches of the policy"
    await context.close()


async def shows(page: Page, address: str) -> None:
    """The page's address has become this one, without a navigation."""
    await eventually(lambda: page.url.endswith(address), within=20)


async def breaches(page: Page) -> list[str]:
    await page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    await page.add_script_tag(path=AXE.target / "axe.min.js")
    found = await page.evaluate(
        "levels => axe.run(document, {runOnly: {type: 'tag', values: levels}})", LEVELS
    )
    return [
        f"{breach['id']}: {node['target']} {node['failureSummary']}"
        for breach in found["violations"]
        for node in breach["nodes"][:3]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100, 1440])
@pytest.mark.parametrize("language", ["it", "en"])
async def test_no_breach_of_wcag(
    browser: Browser, served: Audited, language: str, width: int, scheme: str
) -> None:
    provide(AXE)
    context = await a_context(
        browser, served, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = await context.new_page()
    for address in (ALONE, WRONG):
        await page.goto(f"{served.url}{address}&lang={language}")
        assert await breaches(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scroll"
    await context.close()


async def test_targets_are_large_enough_for_a_finger(browser: Browser, served: Audited) -> None:
    context = await a_context(browser, served, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(f"{served.url}/audit")
    assert not await page.locator("#seek").is_visible(), "the form is one press away"
    await page.locator("details.seek > summary").click()
    small = await page.evaluate(
        """[...document.querySelectorAll('button, summary, select, input, .btn, .p-nav a')]
           .filter(each => each.offsetParent && each.getBoundingClientRect().height < 42)
           .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert small == []
    await context.close()


async def test_a_search_needs_no_reload_and_is_in_the_address(page: Page) -> None:
    await page.evaluate("window.theSamePage = true")
    await page.locator("#f-kind").select_option("refusal")
    await shows(page, "/audit?kind=refusal")
    await page.wait_for_selector(".trail .entry-refusal")
    assert await page.locator(".trail .entry-change").count() == 0
    await page.locator("#f-actor").fill("local-auditor")
    await page.locator("#f-actor").press("Enter")
    await shows(page, "/audit?kind=refusal&actor=local-auditor")
    assert await page.locator(".trail [class^='entry-']").count() == 1
    assert await page.evaluate("document.activeElement.id") == "f-actor", "the focus stays where one types"
    assert await page.locator("#told").inner_text() == "1 voce"
    assert await page.evaluate("window.theSamePage")
    await page.go_back()
    await shows(page, "/audit?kind=refusal")
    await page.locator(".entry-refusal").nth(1).wait_for()
    await page.locator("#f-kind").select_option("reading")
    await shows(page, "/audit?kind=reading")
    await page.locator("#f-kind").select_option("")
    await shows(page, "/audit")


async def test_what_is_wrong_is_marked_and_gets_the_focus(page: Page) -> None:
    await page.locator("#f-since").fill("2026-11-30")
    await page.locator("#f-until").fill("2026-11-01")
    await page.locator("#seek button").click()
    await page.wait_for_selector("#f-until[aria-invalid]")
    await page.wait_for_selector("#f-until:focus")
    assert "Viene prima dell'inizio" in await page.locator("#wrong-until").inner_text()
    await page.locator(".go a").click()
    await page.wait_for_selector(".trail")
    assert await page.locator("#f-until").input_value() == ""


async def test_turning_to_earlier_entries_leads_the_focus_there(page: Page) -> None:
    await page.locator(".turn a").last.click()
    await eventually(lambda: "before=" in page.url, within=20)
    await page.wait_for_selector("#results-h:focus")
    assert "precedenti a" in await page.locator("#results > header").inner_text()
    assert await page.locator(".turn").inner_text() == "Dalla più recente"
    assert "Candidature: il servizio non risponde." in await page.locator(".notice.warn").inner_text()


async def test_by_keyboard_alone_a_whole_hash_is_had(page: Page) -> None:
    await page.locator(".proof summary").first.focus()
    await page.keyboard.press("Enter")
    assert len(await page.locator(".proof details[open] .whole").inner_text()) == 64


async def test_the_list_says_when_it_has_become_old(page: Page) -> None:
    await page.evaluate(
        """() => { document.querySelector('#read time').dateTime = '2026-11-29T09:00:00+00:00';
                   document.dispatchEvent(new CustomEvent('htmx:after:swap')); }"""
    )
    await page.wait_for_selector("#read.stale")
    assert "Fermo" in await page.locator("#read").inner_text()


async def test_a_search_without_an_answer_keeps_the_list_and_says_so(page: Page) -> None:
    await page.context.set_offline(True)
    await page.locator("#f-kind").select_option("reading")
    await page.wait_for_selector("#lost:not([hidden])")
    assert await page.locator(".trail .entry-change").count() > 0
    await page.context.set_offline(False)
    page.__dict__["errors"].clear()


async def test_it_is_whole_without_a_script(browser: Browser, served: Audited) -> None:
    context = await a_context(browser, served, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{served.url}/audit")
    await page.locator("#f-kind").select_option("reading")
    await page.locator("#seek button").click()
    assert "kind=reading" in page.url
    assert await page.locator(".trail [class^='entry-']").count() == 1
    await context.close()


async def test_the_file_is_what_the_search_found(page: Page) -> None:
    await page.goto(f"{page.url}?service=agenda&kind=change")
    async with page.expect_download() as waiting:
        await page.locator(".tools a[download]").click()
    file = await (await waiting.value).path()
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))
    assert {row["kind"] for row in rows} == {"change"}
    assert len({row["id"] for row in rows}) == 64


async def test_on_paper_every_field_is_open(page: Page) -> None:
    await page.emulate_media(media="print")
    assert not await page.locator("#seek").is_visible()
    assert await page.locator(".more-diffs .diff").first.is_visible()
    assert "Situazione nota alle" in await page.locator("p.print-only").inner_text()
