"""Takes the pictures of the page that the README and docs/screenshots show.

    .venv/bin/python -m tools.screenshots

The whole system runs with the sample register in a folder of its own; a mission that is scheduled while the
page is open shows that it is live.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

from shared.local.paths import root
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


async def main() -> None:
    """Every language at every width."""
    (root() / FOLDER).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ponte-screenshots-") as folder:
        async with System(Path(folder) / "data", sample=True) as system, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium(), args=LAUNCH)
            for language in LOCALES:
                for width in SIZES:
                    await picture(system, browser, language, width)
                    print(f"{FOLDER}/director-{language}-{width}.png", flush=True)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
