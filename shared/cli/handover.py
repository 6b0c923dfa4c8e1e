"""`ponte handover`: what somebody who leaves answers for is passed on, in every service."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.people_calls import People

AT_ONCE: Final = 200
"""Records that one request passes on: so often the bar moves, and so soon Ctrl-C is heard."""


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def handover(
        leaving: Annotated[str, typer.Argument(metavar="FROM", help="The opaque id of who leaves.")],
        taking: Annotated[str, typer.Argument(metavar="TO", help="The opaque id of who takes over.")],
        reason: Annotated[str, typer.Option(help="Why; it is kept with each record.")],
    ) -> None:
        """Pass on everything that somebody answers for, in every service.

        The substitutions of who leaves are ended. An interrupted handover goes on
        when the same command is given again; when all is done, it changes nothing.

        The services are those of this machine; PONTE_AGENDA_URL and its kin name
        others. PONTE_TOKEN is the token of a director; without it one of this
        machine's local run is made.
        """
        from shared.cli.stopping import run

        run(
            _hand_over(leaving, taking, reason.strip()),
            stopped="stopped; what was passed on stays so, and the same command goes on from there",
        )


async def _hand_over(leaving: str, taking: str, reason: str) -> None:
    from shared.cli.people_calls import people
    from shared.cli.stopping import INTERRUPTED, stop_asked

    if not reason:
        raise UserError("--reason is empty.")
    body = {"from": leaving, "to": taking, "reason": reason, "at_most": AT_ONCE}
    with stop_asked() as stop:
        async with people() as services:
            done = await go_over(services, body, stop)
    if not done:
        typer.echo("ponte: stopped; the same command goes on from there", err=True)
        raise typer.Exit(INTERRUPTED)


async def go_over(services: "People", body: dict[str, object], stop: asyncio.Event) -> bool:
    """One service after the other, with a line for each; False: stopped on the way.

    Raises ``UserError`` where one refuses, does not answer in time, or makes no way.
    """
    from shared.cli.progress import Bar

    for service in services.services:
        if service == "dashboard":
            continue  # it has pages, and nothing that anybody answers for
        passed_on = ended = 0
        with Bar(service, None) as bar:
            while True:
                told = await services.post(service, "/v1/handovers", body)
                passed_on += told["passed_on"]
                ended += told["ended"]
                bar.at(passed_on + ended, passed_on + ended + told["left"])
                if not told["left"]:
                    break
                if not told["passed_on"] + told["ended"]:
                    raise UserError(f"{service}: {told['left']} cannot be passed on now; try again later.")
                if stop.is_set():
                    typer.echo(_line(service, passed_on, ended, told["left"]))
                    return False
        typer.echo(_line(service, passed_on, ended, 0))
    return True


def _line(service: str, passed_on: int, ended: int, left: int) -> str:
    parts = [f"{passed_on} passed on"]
    if ended:
        parts.append(f"{ended} substitution{'' if ended == 1 else 's'} ended")
    if left:
        parts.append(f"{left} left")
    return f"{service}: {', '.join(parts)}"
