"""Takes the pictures of the pages that the README and docs/screenshots show.

    .venv/bin/python -m tools.screenshots [director] [audit]

The whole system runs with the sample register in a folder of its own. On the Director's page a mission that
is scheduled while it is open shows that it is live; for the auditor's, people of several offices do things.
"""

import asyncio
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from shared.local.paths import root
from shared.testing.waiting import eventually
from tests.browser import LAUNCH, chromium
from tests.system import System

FOLDER = Path("docs/screenshots")
SIZES = {1440: 1080, 390: 844}
LOCALES = {"it": "it-IT", "en": "en-GB"}
# One for each picture, of somebody else each time, so that none of them clashes.
NEWS = {
    ("it", 1440): ("Lione: scambio fra biblioteche (esempio)", "Lyon", "Vicesindaco", "2027-03-04"),
    ("it", 390): ("Zagabria: visita di lavoro (esempio)", "Zagreb", "Sindaco", "2027-04-07"),
    ("en", 1440): ("Barcelona: school exchange (sample)", "Barcelona, ES", "Deputy Mayor", "2027-05-12"),
    ("en", 390): ("Riga: working visit (sample)", "Riga", "Mayor", "2027-06-16"),
}


LONGEST = 2600
"""Pixels of a picture of the auditor's page, which goes on and on."""


def mission(title: str, city: str, function: str, day: str) -> dict[str, Any]:
    """An invented mission of one day."""
    return {
        "title": title,
        "purpose": "cooperation",
        "holder": {"function": function},
        "legs": [{"place": city, "starts_at": f"{day}T09:30", "ends_at": f"{day}T18:00"}],
        "schedule": True,
        "sample": True,
    }


async def picture(system: System, browser: Browser, language: str, width: int) -> None:
    """The whole page, and at full width also its first screen."""
    size = {"width": width, "height": SIZES[width]}
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]  # playwright's own TypedDict
        locale=LOCALES[language],
        timezone_id="Europe/Rome",
    )
    page = await context.new_page()
    await page.goto(system.ponte("link").stdout.strip())
    await page.wait_for_selector("#live:not(.waiting)")
    async with system.http("agenda", "officer-city") as client:
        news = mission(*NEWS[language, width])
        made = (await client.post("/v1/missions", json=news)).raise_for_status().json()
    await page.wait_for_selector(f'.entry[data-subject="{made["subject"]}"]', state="attached")
    name = f"director-{language}-{width}"
    target = root() / FOLDER
    if width == max(SIZES):
        await page.screenshot(path=target / f"{name}-first-screen.png")
    await page.screenshot(path=target / f"{name}.png", full_page=True)
    await context.close()


async def history(system: System) -> None:
    """Something of everything that an auditor looks for; whoever stands in for somebody is invented too."""
    today = date.today()  # noqa: DTZ011 - a day or so is all the same here
    async with (
        system.http("agenda", "officer-city") as officer,
        system.http("agenda", "cabinet") as cabinet,
        system.http("agenda", "protocol") as protocol,
        system.http("agenda", "officer-european") as other,
        system.http("agenda", "auditor") as auditor,
        system.http("dossiers", "officer-partnerships") as partnerships,
    ):

        async def made(client: Any, path: str, **body: Any) -> str:
            answer = await client.post(path, json=body)
            return str(answer.raise_for_status().json()["subject"])

        zagreb = mission(
            "Zagabria: mobilità, con Nome Inventato (esempio)", "Zagreb", "Sindaco", "2027-05-20"
        )
        await made(officer, "/v1/missions", **zagreb)
        await asyncio.to_thread(
            system.ponte, "privacy", "erase", "Nome Inventato", "--reason", "Prot. 1/2026", "--yes"
        )
        lent = {"starts_on": str(today), "ends_on": str(today + timedelta(days=20)), "roles": ["cabinet"]}
        await made(cabinet, "/v1/substitutions", substitute="local-protocol", reason="Ferie", **lent)
        other_day = mission("Dakar: incubatore di imprese (esempio)", "Dakar", "Vicesindaco", "2027-02-09")
        cancelled = await made(officer, "/v1/missions", **other_day)
        why = "Il Vicesindaco resta a Milano per la seduta del Consiglio."
        await made(officer, f"/v1/missions/{cancelled}/cancel", reason=why)
        talk = mission("Lione: colloquio sulle mense (esempio)", "Lyon", "Sindaco", "2027-03-04")
        reserved = await made(officer, "/v1/missions", **talk, reserved=True)
        await auditor.get(f"/v1/missions/{reserved}")
        await other.post(f"/v1/missions/{reserved}/cancel", json={"reason": "-"})
        candidacies = (await partnerships.get("/v1/candidacies?limit=50")).json()["items"]
        going = next(one for one in candidacies if one["data"]["status"] == "preparing")
        later = {"local": "2027-01-22T17:00", "time_zone": "Europe/Brussels"}
        await partnerships.post(f"/v1/candidacies/{going['id']}/move-deadline", json={"deadline": later})

        async def moved() -> bool:
            legs = [{"place": "Lyon", "starts_at": "2027-03-11T09:30", "ends_at": "2027-03-11T18:00"}]
            answer = await protocol.post(
                f"/v1/missions/{reserved}/reschedule",
                json={"legs": legs},
                headers={"X-On-Behalf-Of": "local-cabinet"},
            )
            return answer.status_code == 200

        await eventually(moved, within=20)
        await made(
            officer, f"/v1/missions/{reserved}/correct", title="Lione: colloquio con la Città (esempio)"
        )


async def audit_picture(system: System, browser: Browser, language: str, width: int) -> None:
    """The beginning of the auditor's page, and at full width also its first screen."""
    size = {"width": width, "height": SIZES[width]}
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]  # playwright's own TypedDict
        locale=LOCALES[language],
        timezone_id="Europe/Rome",
    )
    page = await context.new_page()
    await page.goto(system.ponte("link", "--role", "auditor").stdout.strip())
    await page.goto(f"{system.url('dashboard')}/audit")
    await page.wait_for_selector(".trail")
    target = root() / FOLDER
    if width == max(SIZES):
        await page.screenshot(path=target / f"audit-{language}-{width}-first-screen.png")
    clip: Any = {"x": 0, "y": 0, "width": width, "height": LONGEST}
    await page.screenshot(path=target / f"audit-{language}-{width}.png", full_page=True, clip=clip)
    await context.close()


async def main(wanted: list[str]) -> None:
    """Every language at every width."""
    (root() / FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ponte-screenshots-") as folder:
        async with System(Path(folder) / "data", sample=True) as system, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
            for name, take in {"director": picture, "audit": audit_picture}.items():
                if wanted and name not in wanted:
                    continue
                if name == "audit":
                    await history(system)
                for language in LOCALES:
                    for width in SIZES:
                        await take(system, browser, language, width)
                        print(f"{FOLDER}/{name}-{language}-{width}.png", flush=True)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
