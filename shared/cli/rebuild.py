"""`ponte rebuild`: a service's views made anew from the owners' journals, while its pages go on."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.connection import Connection
    from shared.store.driver import Database

LOOK_S: Final = 0.3
ANSWERS_WITHIN_S: Final = 15.0
STARTS_WITHIN_S: Final = 10.0
"""A service that runs takes up a request within a second, and shows every second that it is at it."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def rebuild(
        service: Annotated[str, typer.Argument(help="The service whose views are made anew: dashboard.")],
    ) -> None:
        """Build a service's views anew from the owners' journals, and switch to them.

        The running service does the work beside the views that its pages show;
        at the end it switches to the new ones at once. Ctrl-C only stops
        watching; the same command shows again how far it is.
        """
        from shared.cli.stopping import run

        run(_rebuild(service), stopped=f"no longer watching; {service} goes on")


async def _rebuild(service: str) -> None:
    from shared.cli.connection import connected, the_service
    from shared.cli.stopping import INTERRUPTED, stop_asked

    name = the_service(service)
    async with connected() as connection:
        database = await _with_views(connection, name)
        number = await _request(database, name)
        with stop_asked() as stop:
            if not await _watch(database, name, number, stop):
                typer.echo(
                    f"ponte: no longer watching; {name} goes on, and the same command shows how far it is",
                    err=True,
                )
                raise typer.Exit(INTERRUPTED)


async def _with_views(connection: "Connection", name: str) -> "Database":
    from shared.store.roles import reads

    database = connection.database(name)
    role = await reads(database)
    if role is None:
        raise UserError(f"{name} reads nothing of others, or has never run here: nothing to rebuild.")
    if not role.views:
        raise UserError(f"{name} has no views: nothing to rebuild.")
    return database


async def _request(database: "Database", name: str) -> int:
    from shared.messaging.generations import request

    before = await _document(database)
    number = await request(database, "ponte rebuild")
    if "building" in before:
        reason = before["building"]["reason"]
        typer.echo(f"{name}: generation {number} is being built already ({reason})", err=True)
    else:
        typer.echo(f"{name}: generation {number} is to be built beside {before['live']}", err=True)
    return number


async def _document(database: "Database") -> dict[str, Any]:
    from shared.messaging.generations import DOCUMENT
    from shared.store.setup import META

    return await database[META].find_one({"_id": DOCUMENT}) or {"live": 1, "retired": []}


async def _watch(database: "Database", name: str, number: int, stop: asyncio.Event) -> bool:
    """Show how far it is until the new generation is live; False: the person does not want to see it.

    Raises:
        UserError: nobody is at it.
    """
    from shared.cli.progress import NamedBars

    began, token, seen_at = time.monotonic(), None, time.monotonic()
    silent = _Silent()
    with NamedBars() as bars:
        while not stop.is_set():
            document = await _document(database)
            building = document.get("building")
            if building is None:
                if document["live"] >= number:
                    _tell_end(name, document, time.monotonic() - began)
                    return True
                # Given up, and the next request is about to be written.
                building = {"number": number, "stage": "reading", "sources": {}}
            if building["number"] != number:
                number = building["number"]
                typer.echo(f"{name}: begun anew as generation {number}: {building['reason']}", err=True)
            lease = building.get("lease")
            if lease != token:
                token, seen_at = lease, time.monotonic()
            if time.monotonic() - seen_at > STARTS_WITHIN_S:
                raise UserError(
                    f"{name} is not running, or does not reach MongoDB: generation {number} is built once "
                    "it does; the same command then shows how far it is."
                )
            _show(bars, building)
            for topic in silent.among(building["sources"]):
                typer.echo(f"{topic}: its owner does not answer; the rebuild waits for it", err=True)
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                continue
    return False


class _Silent:
    """Owners whose next page has not come for a while; each is told once a page."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[int, float]] = {}
        self._told: set[tuple[str, int]] = set()

    def among(self, sources: dict[str, Any]) -> list[str]:
        """The topics of those that have just turned out to be silent."""
        from shared.messaging.generations import topic_of

        found, now = [], time.monotonic()
        for key, source in sources.items():
            page = -1 if source["done"] else source["page"]
            known, since = self._pages.setdefault(key, (page, now))
            if known != page:
                self._pages[key] = page, now
            elif page > 0 and now - since > ANSWERS_WITHIN_S and (key, page) not in self._told:
                self._told.add((key, page))
                found.append(topic_of(key))
        return found


def _show(bars: Any, building: dict[str, Any]) -> None:
    from shared.messaging.generations import topic_of

    for key, source in sorted(building["sources"].items()):
        if source["total"] is not None:
            done = source["total"] if source["done"] else min(source["events"], source["total"])
            bars.at(topic_of(key), done, source["total"])
    if building["stage"] != "reading":
        bars.at(building["stage"], 0, None)


def _tell_end(name: str, document: dict[str, Any], seconds: float) -> None:
    last = document.get("last", {})
    events = sum(source["events"] for source in last.get("sources", {}).values())
    typer.echo(
        f"{name}: generation {document['live']} is live; {events} events in {seconds:.0f} s, "
        "the old one is dropped in a minute"
    )
