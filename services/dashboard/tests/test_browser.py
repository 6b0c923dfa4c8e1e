"""The page in a real Chromium: accessibility, narrow screens, and how live changes behave."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from services.dashboard.assets import Bundle, provide
from services.dashboard.cookies import SESSION as SESSION_COOKIE
from services.dashboard.tests.facts import a_mission, a_picture
from services.dashboard.tests.memory import MemoryRegister, an_entry, mixed
from services.dashboard.tests.serving import COOKIE, Served, serve
from shared.contracts.agenda import MissionCancelled, MissionScheduled
from shared.testing.waiting import eventually
from tests.browser import LAUNCH, chromium

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

WEB = Path(__file__).resolve().parent / "web"
AXE = Bundle(web=WEB, target=WEB / "vendor", files={"axe-core/axe.min.js": "axe.min.js"})
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
        yield browser
        await browser.close()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    register = MemoryRegister(a_picture())
    await register.append(*mixed(45))
    register.visits["person-1"] = register.rows[39].recorded_at
    async with serve(register) as running:
        yield running


async def a_context(browser: Browser, served: Served, **options: Any) -> BrowserContext:
    context = await browser.new_context(
        **{"viewport": {"width": 1440, "height": 1200}, "locale": "it-IT", **options}
    )
    await context.add_cookies([{"name": SESSION_COOKIE, "value": COOKIE[SESSION_COOKIE], "url": served.url}])
    return context


async def opened(context: BrowserContext, served: Served, address: str = "/") -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: page.__dict__.setdefault("errors", []).append(str(error)))
    page.on(
        "console",
        lambda said: (
            page.__dict__.setdefault("errors", []).append(said.text) if said.type == "error" else None
        ),
    )
    await page.goto(served.url + address)
    await page.wait_for_selector("#live:not(.waiting)")
    return page


@pytest.fixture
async def page(browser: Browser, served: Served) -> AsyncIterator[Page]:
    context = await a_context(browser, served)
    made = await opened(context, served)
    yield made
    assert made.__dict__.get("errors", []) == [], "neither errors nor breaches of the content policy"
    await context.close()


async def add(served: Served, number: int, **changes: Any) -> None:
    """A mission is scheduled: it is in the register, then in the feed."""
    starts = datetime.now(UTC) + timedelta(days=2)
    fields = {"starts_at": starts, "ends_at": starts + timedelta(hours=2), "legs": (), **changes}
    mission = a_mission(f"mission-{number}", **fields)
    picture = served.register.picture
    served.register.picture = replace(picture, missions=(*picture.missions, mission))
    event = MissionCancelled if mission.status == "cancelled" else MissionScheduled
    now = datetime.now(UTC)
    await served.register.append(an_entry(number, event(mission=mission), time=now, recorded_at=now))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440, 1920])
@pytest.mark.parametrize("language", ["it", "en"])
async def test_no_breach_of_wcag(
    browser: Browser, served: Served, language: str, width: int, scheme: str
) -> None:
    provide(AXE)
    context = await a_context(
        browser, served, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    )
    page = await opened(context, served, f"/?lang={language}")
    await page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    await page.add_script_tag(path=AXE.target / "axe.min.js")
    found = await page.evaluate(
        "levels => axe.run(document, {runOnly: {type: 'tag', values: levels}})", LEVELS
    )
    breaches = [
        f"{breach['id']}: {node['target']} {node['failureSummary']}"
        for breach in found["violations"]
        for node in breach["nodes"][:3]
    ]
    assert breaches == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways scroll"
    await context.close()


@pytest.mark.parametrize("address", ["/", "/nowhere"])
async def test_the_pages_without_a_session_breach_nothing(
    browser: Browser, served: Served, address: str
) -> None:
    provide(AXE)
    context = await browser.new_context(bypass_csp=True)
    page = await context.new_page()
    await page.goto(served.url + address)
    await page.add_script_tag(path=AXE.target / "axe.min.js")
    found = await page.evaluate(
        "levels => axe.run(document, {runOnly: {type: 'tag', values: levels}})", LEVELS
    )
    assert [breach["id"] for breach in found["violations"]] == []
    await context.close()


async def test_targets_are_large_enough_for_a_finger(browser: Browser, served: Served) -> None:
    context = await a_context(browser, served, viewport={"width": 390, "height": 844})
    page = await opened(context, served)
    small = await page.evaluate(
        """[...document.querySelectorAll('button, summary, select, .btn, .p-nav a, .jump a, .pchip')]
           .filter(each => each.offsetParent && each.getBoundingClientRect().height < 42)
           .map(each => each.outerHTML.slice(0, 80))"""
    )
    assert small == []
    await context.close()


async def test_a_new_entry_enters_at_once_and_moves_nothing_else(page: Page, served: Served) -> None:
    heights = (
        "['alerts', 'since', 'agreements'].map(id => document.getElementById(id).getBoundingClientRect().top)"
    )
    before = await page.evaluate(heights)
    await add(served, 46, title="Zagabria: visita")
    await page.wait_for_selector('.entry.new[data-subject="mission-46"]')
    assert await page.locator(".entry").first.get_attribute("data-subject") == "mission-46"
    await page.wait_for_selector('#weeks :text("Zagabria: visita")', state="attached")
    await eventually_text(page, "#since", "6 novità")
    above = await page.locator("#line ~ .entry").count()
    assert await page.locator(".entry").count() - above == 6, "the strip equals the lines above the line"
    after = await page.evaluate(heights)
    assert before[:2] == after[:2]


async def test_a_repeated_event_replaces_its_line(page: Page, served: Served) -> None:
    await add(served, 46, title="Prima")
    await page.wait_for_selector('.entry[data-number="46"]')
    await page.evaluate("document.querySelector('.entry').dataset.old = 'yes'")
    line = await page.evaluate("document.querySelector('.entry').outerHTML")
    await page.evaluate(
        """line => new BroadcastChannel('ponte-live-it')
             .postMessage({kind: 'entry', data: {place: 'f1.46', html: line.replace('Prima', 'Seconda')}})""",
        line,
    )
    await page.wait_for_selector('.entry:has-text("Seconda")')
    assert await page.locator('.entry[data-number="46"]').count() == 1


async def test_a_reader_in_the_feed_is_not_disturbed(page: Page, served: Served) -> None:
    await page.locator(".entry").first.hover()
    await add(served, 46)
    await add(served, 47, status="cancelled", reason="Rinviata")
    await page.wait_for_selector("#newbar:not([hidden])")
    await eventually_text(page, "#newbar", "2 novità, 1 grave")
    assert await page.locator(".entry").first.get_attribute("data-number") == "45"
    await page.locator("#newbar").click()
    numbers = await page.eval_on_selector_all(".entry", "all => all.slice(0, 3).map(e => e.dataset.number)")
    assert numbers == ["47", "46", "45"]
    assert await page.evaluate("document.activeElement.dataset.number") == "47"
    assert await page.locator("#newbar").is_hidden()


async def test_pausing_stops_every_change_and_resuming_makes_up_for_it(page: Page, served: Served) -> None:
    await page.locator("#pause").click()
    assert "Sospesa" in await page.locator("#live").inner_text()
    await add(served, 46, title="In pausa")
    await add(served, 47)
    await page.wait_for_timeout(600)
    assert await page.locator(".entry").first.get_attribute("data-number") == "45"
    await page.reload()
    await eventually_text(page, "#live", "Sospesa")
    await page.mouse.move(5, 5)
    await page.locator("#pause").click()
    await add(served, 48)
    await page.mouse.move(5, 5)
    await page.wait_for_selector('.entry[data-number="48"]')
    await page.wait_for_selector('#weeks :text("In pausa")', state="attached")
    assert "In diretta" in await page.locator("#live").inner_text()


async def test_a_lost_connection_is_shown_and_made_up_for(browser: Browser) -> None:
    register = MemoryRegister(a_picture())
    await register.append(*mixed(5))
    async with serve(register) as served:
        context = await a_context(browser, served)
        page = await opened(context, served)
        port = int(served.url.rsplit(":", 1)[1])
    await eventually_text(page, "#live", "Senza connessione")
    assert await page.locator("#retry").is_visible()
    async with serve(register, port=port) as again:
        for number in (6, 7, 8, 9):
            await add(again, number)
        await page.locator("#retry").click()
        await page.wait_for_selector('.entry[data-number="9"]')
        await eventually_text(page, "#live", "recuperate 4 novità")
        numbers = await page.eval_on_selector_all(".entry", "all => all.map(e => Number(e.dataset.number))")
        assert numbers == [9, 8, 7, 6, 5, 4, 3, 2, 1]
        await context.close()


async def test_the_tabs_of_a_browser_share_one_stream(browser: Browser, served: Served) -> None:
    context = await a_context(browser, served)
    streams: list[str] = []
    context.on("request", lambda asked: streams.append(asked.url) if "/live?" in asked.url else None)
    tabs = [await opened(context, served) for _ in range(3)]
    await add(served, 46)
    for tab in tabs:
        await tab.wait_for_selector('.entry[data-number="46"], #newbar:not([hidden])', state="attached")
    assert len(streams) == 1
    await tabs[0].close()
    await eventually(lambda: len(streams) == 2)
    await add(served, 47)
    for tab in tabs[1:]:
        await tab.wait_for_selector('.entry[data-number="47"], #newbar:not([hidden])', state="attached")
    assert len(streams) == 2
    await context.close()


async def test_filters_work_in_place_and_live_changes_respect_them(page: Page, served: Served) -> None:
    await page.evaluate("window.theSamePage = true")
    await page.locator('select[name="unit"]').select_option("partnerships")
    await page.wait_for_selector("#agreements[hidden]", state="attached")
    assert "unit=partnerships" in page.url
    await add(served, 46, title="Solo per la città")
    await page.wait_for_timeout(800)
    assert await page.locator('.entry[data-number="46"]').count() == 0
    assert "Solo per la città" not in await page.locator("#weeks").inner_text()
    await page.locator('select[name="unit"]').select_option("")
    await page.wait_for_selector('.entry[data-number="46"]')
    await page.locator('.pchip:has-text("Solo gravi")').click()
    await page.wait_for_selector('.pchip[aria-current]:has-text("Solo gravi")')
    grave = await page.eval_on_selector_all(".entry", "all => all.map(e => e.dataset.grave)")
    assert set(grave) == {"1"}
    await page.locator("#since a").first.click()
    await page.wait_for_selector(".only")
    assert await page.evaluate("window.theSamePage")


async def test_open_details_and_focus_survive_an_update(page: Page, served: Served) -> None:
    await page.locator("#week-list > summary").click()
    await page.locator("#weeks .bar").first.focus()
    href = await page.evaluate("document.activeElement.getAttribute('href')")
    await add(served, 46, title="Zagabria: visita")
    await page.wait_for_selector('#week-list[open] :text("Zagabria: visita")')
    assert await page.evaluate("document.activeElement.getAttribute('href')") == href


async def test_a_session_that_ends_is_said(page: Page, served: Served) -> None:
    served.doors.open = False
    await page.evaluate("new BroadcastChannel('ponte-live-it').postMessage({kind: 'signed-out', data: {}})")
    await eventually_text(page, "#live", "La sessione è scaduta")


async def eventually_text(page: Page, selector: str, text: str) -> None:
    await page.wait_for_function(
        "([at, text]) => document.querySelector(at)?.innerText.replace(/\\s+/g, ' ').includes(text)",
        arg=[selector, text],
        timeout=15_000,
    )
