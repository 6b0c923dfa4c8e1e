"""`ponte up`: the whole of Ponte on this machine, on embedded engines. `make run` calls it."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.local.console import Console
    from shared.local.topology import Service

T = TypeVar("T")
# Stands in a data folder from its first start until the sample is in it whole, so that an interrupted load is
# taken up again and a folder that began without the sample never gets it.
SAMPLE_PENDING = "sample-pending"


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def up(
        sample: bool = typer.Option(True, help="Load the sample register into an empty data folder."),
        verbose: bool = typer.Option(False, help="Show every request too; all logs are in the data folder."),
        engines_only: bool = typer.Option(
            False,
            "--engines-only",
            help="MongoDB and Kafka alone, to mend what keeps a service from starting.",
        ),
    ) -> None:
        """Start every service and print a sign-in link; Ctrl-C stops it all.

        The data lies in .ponte/data (setting PONTE_DATA). PONTE_AGENDA_PORT and its kin move a port.
        """
        from shared.local.paths import data_folder

        asyncio.run(
            _up(data_folder(), sample=sample and not engines_only, verbose=verbose, engines_only=engines_only)
        )


async def _up(folder: Path, *, sample: bool, verbose: bool, engines_only: bool = False) -> None:
    from shared.local.console import Console
    from shared.local.kafka import Kafka
    from shared.local.mongod import Mongod
    from shared.local.supervisor import Supervisor
    from shared.local.topology import services

    found = services()
    if not found:
        raise UserError("There is no service to start here: run `make run` in a clone of Ponte.")
    if engines_only:
        found = []
    engines = [Mongod(folder / "mongod"), Kafka(folder / "kafka")]
    console = Console(
        [*(engine.name for engine in engines), *(service.name for service in found)], verbose=verbose
    )

    async def when_ready() -> None:
        if engines_only:
            console.say("MongoDB and Kafka are ready, no service runs; Ctrl-C stops them")
            return
        if sample:
            await _load_sample(folder, console)
        _show_link(folder, found, console)

    def environment() -> dict[str, str]:
        mark_if_new(folder, sample=sample)
        return _access(folder)

    def own(service: str) -> dict[str, str]:
        return _access_of_pages(folder) if service == "dashboard" else {}

    await Supervisor(folder, found, engines, console, environment, own=own).run(when_ready)


def mark_if_new(folder: Path, *, sample: bool) -> None:
    """Note in a data folder that is being started for the first time that it shall get the sample."""
    if sample and not (folder / "mongod" / "db").exists():
        (folder / SAMPLE_PENDING).touch()


def _access(folder: Path) -> dict[str, str]:
    """Make the keys and secrets of this data folder; return the settings that point services to them."""
    from shared.identity.local import LocalKeysMissing, ensure_keys

    try:
        return ensure_keys(folder).environment()
    except LocalKeysMissing as error:
        raise UserError(str(error)) from None


def _access_of_pages(folder: Path) -> dict[str, str]:
    """What lets the pages ask the units for whoever came by a link; no other service gets it."""
    from shared.identity.local import load_keys

    return load_keys(folder).environment_of_pages()


async def _load_sample(folder: Path, console: "Console") -> None:
    pending = folder / SAMPLE_PENDING
    if not pending.exists():
        return
    from shared.cli.imports import load_sample

    console.say("loading the sample register")
    try:
        await _in_daemon(lambda: load_sample(folder))
    except UserError as error:
        console.say(f"the sample register is not loaded: {error}")
        return
    pending.unlink()


def _show_link(folder: Path, found: list["Service"], console: "Console") -> None:
    dashboard = next((service for service in found if service.name == "dashboard"), None)
    if dashboard is None:
        console.say("ready (without the dashboard)")
        return
    from shared.identity import local

    console.say(f"ready; sign in here: {local.sign_in_link(local.ensure_keys(folder), dashboard.url)}")


async def _in_daemon(work: Callable[[], T]) -> T:
    """Run blocking work beside the loop, in a thread that Ctrl-C need not wait for."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def report(error: BaseException | None, value: T | None) -> None:
        if not outcome.done():
            outcome.set_exception(error) if error else outcome.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 (it is raised again on the loop's side)
            loop.call_soon_threadsafe(report, error, None)
        else:
            loop.call_soon_threadsafe(report, None, value)

    threading.Thread(target=run, name="sample", daemon=True).start()
    return await outcome
