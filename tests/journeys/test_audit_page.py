"""An auditor at work: a link, a search of all services, a reserved mission's changes, a file to take away."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from shared.testing.waiting import eventually
from tests.browser import LAUNCH, chromium
from tests.system import System

pytestmark = [pytest.mark.engines, pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

SECRET = "Lione: colloquio riservato sulle mense"


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with System(tmp_path_factory.mktemp("audit") / "data") as running:
        yield running


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
        yield browser
        await browser.close()


def a_mission(title: str, **values: Any) -> dict[str, Any]:
    return {
        "title": title,
        "purpose": "meeting",
        "holder": {"function": "Mayor"},
        "legs": [{"place": "Lyon", "starts_at": "2027-06-04T09:30", "ends_at": "2027-06-05T18:00"}],
        **values,
    }


@pytest.fixture(scope="module")
async def subject(system: System) -> str:
    """A reserved mission that was proposed, moved and corrected; somebody else was refused at it."""
    async with system.http("agenda", "officer-city") as officer:
        made = await officer.post("/v1/missions", json=a_mission("Lione", reserved=True, schedule=True))
        assert made.status_code == 201, made.text
        mission = str(made.json()["subject"])
        moved = {"legs": [{"place": "Lyon", "starts_at": "2027-06-11T09:30", "ends_at": "2027-06-12T18:00"}]}
        answer = await officer.post(f"/v1/missions/{mission}/reschedule", json=moved)
        assert answer.status_code == 200, answer.text
        answer = await officer.post(f"/v1/missions/{mission}/correct", json={"title": SECRET})
        assert answer.status_code == 200, answer.text
    async with system.http("agenda", "officer-european") as other:
        answer = await other.post(f"/v1/missions/{mission}/cancel", json={"reason": "no"})
        assert answer.status_code == 403, answer.text
    async with system.http("dossiers", "officer-city") as other:
        assert (await other.post("/v1/candidacies", json={})).status_code == 403
    return mission


async def signed_in(system: System, browser: Browser, role: str) -> Page:
    context = await browser.new_context(viewport={"width": 1440, "height": 1000}, locale="it-IT")
    page = await context.new_page()
    link = system.ponte("link", "--role", role)
    assert link.returncode == 0, link.stderr
    await page.goto(link.stdout.strip())
    return page


async def test_an_auditor_finds_what_changed_in_a_reserved_mission(
    system: System, browser: Browser, subject: str
) -> None:
    page = await signed_in(system, browser, "auditor")
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    await page.get_by_role("link", name="Controllo").click()
    await page.wait_for_selector(".trail")
    assert await page.locator(".notice:not([hidden])").count() == 0, "every service answers"

    # From an entry to everything about its object, on the same page.
    row = page.locator(".entry-change", has_text="Missione corretta").first
    assert "prima: Lione dopo: " + SECRET in " ".join((await row.locator(".diff").first.inner_text()).split())
    await row.locator("a.id", has_text=subject).click()
    await eventually(lambda: f"subject={subject}" in page.url, within=20)
    shown = await page.locator(".trail .title").all_inner_texts()
    assert [title for title in shown if title.startswith("Missione")] == [
        "Missione corretta",
        "Missione spostata",
        "Missione in programma",
        "Missione proposta",
    ]
    moved = page.locator(".entry-change", has_text="Missione spostata").locator(".diff")
    assert "11 giu 2027 09:30 CEST" in " ".join(await moved.all_inner_texts())
    first = page.locator(".entry-change", has_text="Missione in programma")
    await first.locator(".more-diffs summary").click()
    assert await first.locator(".more-diffs .diff").first.is_visible()
    told = await page.locator(".entry-change", has_text="Missione proposta").inner_text()
    assert "dello stesso salvataggio" in told

    # Who was refused, at whatever service.
    await page.goto(f"{system.url('dashboard')}/audit?kind=refusal")
    refused = await page.locator(".entry-refusal").all_inner_texts()
    assert any("local-officer-european" in text and "403" in text for text in refused)
    assert any("Candidature" in text and "local-officer-city" in text for text in refused)
    assert errors == []
    await page.context.close()


async def test_that_the_auditor_looked_is_in_the_trail_too(
    system: System, browser: Browser, subject: str
) -> None:
    page = await signed_in(system, browser, "auditor")
    await page.goto(f"{system.url('dashboard')}/audit?subject={subject}&kind=change")
    assert await page.locator(".entry-change").count() == 4

    async def noted() -> bool:
        await page.goto(f"{system.url('dashboard')}/audit?subject={subject}&kind=reading")
        return bool(await page.locator(".entry-reading", has_text="local-auditor").count())

    await eventually(noted, within=20)
    row = page.locator(".entry-reading", has_text="local-auditor").first
    assert "Leggere il registro di controllo" in await row.inner_text()
    assert "da 127.0.0.1" in await row.inner_text()
    await page.context.close()


async def test_the_auditor_takes_the_trail_away(system: System, browser: Browser, subject: str) -> None:
    page = await signed_in(system, browser, "auditor")
    await page.goto(f"{system.url('dashboard')}/audit?subject={subject}&kind=change")
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Esporta CSV").click()
    file = await (await waiting.value).path()
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))
    assert {row["subject"] for row in rows} == {subject}
    assert next((row["before"], row["after"]) for row in rows if row["field"] == "title") == ("Lione", SECRET)
    times = [row["at"] for row in rows]
    assert times == sorted(times, reverse=True)
    await page.context.close()


async def test_an_officer_who_types_the_address_is_refused_and_that_is_noted(
    system: System, browser: Browser
) -> None:
    page = await signed_in(system, browser, "officer-city")
    assert await page.get_by_role("link", name="Controllo").count() == 0
    for address in ("/audit", "/audit/export"):
        answer = await page.goto(system.url("dashboard") + address)
        assert answer
        assert answer.status == 403, address
        assert await page.locator("h1").inner_text() == "Non consentito"
    await page.context.close()

    director = await signed_in(system, browser, "director")

    async def noted() -> bool:
        await director.goto(f"{system.url('dashboard')}/audit?kind=refusal&service=dashboard")
        return bool(await director.locator(".entry-refusal", has_text="local-officer-city").count())

    await eventually(noted, within=20)
    text = await director.locator(".entry-refusal", has_text="local-officer-city").first.inner_text()
    assert "Leggere il registro di controllo" in text
    assert "Pagine" in text
    await director.context.close()


async def test_what_was_erased_is_shown_as_erased(system: System, browser: Browser) -> None:
    name = "Ermenegilda Prova"
    async with system.http("agenda", "officer-city") as officer:
        people = [{"name": name, "function": "Expert"}]
        made = await officer.post("/v1/missions", json=a_mission(f"Con {name}", delegation=people))
        assert made.status_code == 201, made.text
    page = await signed_in(system, browser, "auditor")
    address = f"{system.url('dashboard')}/audit?subject={made.json()['subject']}"
    await page.goto(address)
    assert name in await page.locator(".trail").inner_text()
    erased = system.ponte("privacy", "erase", name, "--reason", "Prot. 1/2026", "--yes")
    assert erased.returncode == 0, erased.stdout + erased.stderr

    async def gone() -> bool:
        await page.goto(address)
        return name not in await page.content()

    await eventually(gone, within=30)
    first = page.locator(".entry-change").last
    assert await first.locator(".diff .tag.unknown", has_text="cancellato").count() > 0
    assert "local-officer-city" in await first.inner_text()
    async with page.expect_download() as waiting:
        await page.get_by_role("link", name="Esporta CSV").click()
    assert name not in (await (await waiting.value).path()).read_text("utf-8-sig")
    await page.context.close()
