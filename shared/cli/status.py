"""`ponte status`: whether each service is ready or why not, and how the events flow."""

import asyncio
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    import httpx

FIGURES: Final = {
    "ponte_outbox_documents": "WAITING",
    "ponte_outbox_oldest_seconds": "OLDEST s",
    "ponte_reader_lag_events": "LAG",
    "ponte_reader_gaps": "GAPS",
    "ponte_dead_letters_open": "DEAD LETTERS",
}
"""Metrics without labels, and the heading under which each is shown."""

_WITHIN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one service said."""

    service: str
    problem: str | None
    figures: dict[str, float] = field(default_factory=dict)


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def status(
        wait: Annotated[
            float, typer.Option(min=0, help="Seconds to wait until all are ready; then say how it is.")
        ] = 0,
    ) -> None:
        """Say of every service whether it is ready, and if not, why.

        The services are those of this machine; PONTE_AGENDA_URL and its kin name
        others. Reasons and figures need the scrape token of the local run, or the
        one in the file that PONTE_METRICS_TOKEN_FILE names. The exit status is 0
        if all are ready.
        """
        told = asyncio.run(_until_ready(wait))
        typer.echo(table(told))
        if any(each.problem for each in told):
            raise typer.Exit(1)


def table(told: list[Told]) -> str:
    """One line a service."""
    rows = [("SERVICE", *FIGURES.values(), "STATE")]
    for each in told:
        shown = (each.figures.get(name) for name in FIGURES)
        figures = ("-" if figure is None else f"{figure:.0f}" for figure in shown)
        rows.append((each.service, *figures, each.problem or "ready"))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return "\n".join(
        "  ".join(
            [row[0].ljust(widths[0]), *(row[n].rjust(widths[n]) for n in range(1, len(widths))), row[-1]]
        )
        for row in rows
    )


async def _until_ready(wait: float) -> list[Told]:
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        told = await _ask_all()
        if not any(each.problem for each in told) or asyncio.get_running_loop().time() >= deadline:
            return told
        await asyncio.sleep(0.5)


async def _ask_all() -> list[Told]:
    import httpx

    from shared.cli.services import addresses

    services = addresses()
    token = _token()
    headers = {"Accept-Language": "en", **({"Authorization": f"Bearer {token}"} if token else {})}
    async with httpx.AsyncClient(headers=headers, timeout=_WITHIN_S, trust_env=False) as client:
        return list(await asyncio.gather(*(_ask(client, name, url) for name, url in services.items())))


async def _ask(client: "httpx.AsyncClient", name: str, url: str) -> Told:
    import httpx

    try:
        status = await client.get(f"{url}/status")
        metrics = await client.get(f"{url}/metrics")
    except httpx.HTTPError as error:
        return Told(name, f"does not answer at {url} ({type(error).__name__})")
    problem = None if status.status_code == httpx.codes.OK else _reason(status)
    return Told(name, problem, figures_in(metrics.text) if metrics.status_code == httpx.codes.OK else {})


def _reason(answer: "httpx.Response") -> str:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"answers {answer.status_code}"
    return detail.removeprefix("The service is ").rstrip(".")


def figures_in(text: str) -> dict[str, float]:
    """Those of ``FIGURES`` that stand in the text format of Prometheus."""
    names = "|".join(FIGURES)
    return {name: float(value) for name, value in re.findall(rf"^({names}) (\S+)$", text, re.MULTILINE)}


def _token() -> str | None:
    from pathlib import Path

    from shared.identity.local import LocalKeysMissing, load_keys
    from shared.local.paths import data_folder

    named = os.environ.get("PONTE_METRICS_TOKEN_FILE")
    try:
        file = Path(named) if named else load_keys(data_folder()).metrics_token_file
        return file.read_text().strip() or None
    except (OSError, LocalKeysMissing):
        return None
