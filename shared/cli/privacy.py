"""`ponte privacy`: what a person may ask for, carried out in every service."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.people_whom import Whom

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help="As the name is written. It stays in the shell's history; without one it is asked for.",
    ),
]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--person-id", help="An opaque id of the person, or of the user at the sign-on; repeatable."
    ),
]
NamesFile = Annotated[
    str | None,
    typer.Option("--names-file", metavar="FILE", help="Names from a file, one a line; - is standard input."),
]
Reason = Annotated[str, typer.Option(help="For the ledger: who asked, under which number. No name.")]

_GOES_ON = "stopped; the services go on by themselves, and `ponte privacy status` tells how far they are"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="privacy",
        help="What a person may ask for: everything about them, its erasure, or a reasoned no.",
        no_args_is_help=True,
    )
    group.command("export")(export)
    group.command("erase")(erase)
    group.command("refuse")(refuse)
    group.command("status")(status)
    app.add_typer(group)


def export(
    names: Names = None,
    *,
    to: Annotated[Path, typer.Option(metavar="FILE", help="The new file; only its owner may read it.")],
    person_id: Ids = None,
    names_file: NamesFile = None,
) -> None:
    """Write everything that the services keep about a person into a file.

    Interrupted, the same command goes on from there. PONTE_TOKEN is the token of
    a director; without it one of this machine's local run is made.
    """
    from shared.cli.stopping import run

    run(
        _export(_whom(names, person_id, names_file), to),
        stopped="stopped; the same command goes on from there",
    )


def erase(
    reason: Reason,
    names: Names = None,
    *,
    person_id: Ids = None,
    names_file: NamesFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
) -> None:
    """Erase a person in every service. It cannot be undone, not by a restore either.

    The same command again asks for the same erasure and tells how far it is.
    """
    from shared.cli.stopping import run

    whom = _whom(names, person_id, names_file)
    if not yes:
        _confirm(whom)
    run(_erase(whom, _said("--reason", reason)), stopped=_GOES_ON)


def refuse(
    ground: Annotated[str, typer.Option(help="The provision, such as GDPR art. 17(3)(b).")],
    reason: Reason,
    names: Names = None,
    *,
    person_id: Ids = None,
    names_file: NamesFile = None,
) -> None:
    """Note in every service that a request was refused, on which legal ground and why. Nothing is erased."""
    from shared.cli.stopping import run

    whom = _whom(names, person_id, names_file)
    run(
        _refuse(whom, _said("--ground", ground), _said("--reason", reason)),
        stopped="stopped; the same command does the rest",
    )


def status(
    erasure_id: Annotated[str, typer.Argument(metavar="ID", help="As `erase` or `refuse` has told it.")],
    wait: Annotated[bool, typer.Option("--wait", help="Until every service is done.")] = False,
) -> None:
    """Tell how far an erasure is in each service. The exit status is 0 once it is done in all."""
    from shared.cli.stopping import run

    run(_status(erasure_id, wait=wait), stopped=_GOES_ON)


async def _export(whom: "Whom", file: Path) -> None:
    from shared.cli import people_export
    from shared.cli.people_calls import people
    from shared.cli.stopping import INTERRUPTED, stop_asked

    with stop_asked() as stop:
        async with people() as services:
            found = await people_export.export(services, whom, file, stop)
    if found is None:
        typer.echo("ponte: stopped; the same command goes on from there", err=True)
        raise typer.Exit(INTERRUPTED)
    for service, places in found.items():
        typer.echo(f"{service}: {places} place{'' if places == 1 else 's'}")
    typer.echo(f"{file}: written; only you may read it")


async def _erase(whom: "Whom", reason: str) -> None:
    from shared.cli import people_erase as work
    from shared.cli.people_calls import people
    from shared.cli.stopping import INTERRUPTED, stop_asked

    with stop_asked() as stop:
        async with people() as services:
            told = await work.erase(services, whom, reason, stop)
    typer.echo(work.the_id(told))
    for line in work.lines(dict(told)):
        typer.echo(line)
    if any(row["state"] != work.DONE for row in told.values()):
        typer.echo(f"ponte: {_GOES_ON}", err=True)
        raise typer.Exit(INTERRUPTED)


async def _refuse(whom: "Whom", ground: str, reason: str) -> None:
    from shared.cli import people_erase as work
    from shared.cli.people_calls import people

    async with people() as services:
        told = await work.refuse(services, whom, ground, reason)
    typer.echo(work.the_id(told))
    for line in work.lines(dict(told)):
        typer.echo(line)


async def _status(erasure_id: str, *, wait: bool) -> None:
    from urllib.parse import quote

    from shared.cli import people_erase as work
    from shared.cli.people_calls import people
    from shared.cli.stopping import stop_asked

    with stop_asked() as stop:
        async with people() as services:
            told = await work.look(services, quote(erasure_id, safe=""))
            known = {service: row for service, row in told.items() if row is not None}
            if not known:
                raise UserError(f"no service knows of {erasure_id}.")
            if wait:
                told |= await work.wait(services, known, stop)
    for line in work.lines(told):
        typer.echo(line)
    if any(row is None or row["state"] not in {work.DONE, work.REFUSED} for row in told.values()):
        raise typer.Exit(1)


def _whom(names: list[str] | None, ids: list[str] | None, names_file: str | None) -> "Whom":
    from shared.cli.people_whom import whom

    return whom(names or [], ids or [], names_file)


def _confirm(whom: "Whom") -> None:
    told = ", ".join([*(f'"{name}"' for name in whom.names), *whom.ids])
    if not sys.stdin.isatty():
        raise UserError("--yes is missing: nobody is there to be asked whether the erasure is meant.")
    typer.confirm(f"Erase {told} in every service? It cannot be undone", abort=True, err=True)


def _said(option: str, text: str) -> str:
    if not text.strip():
        raise UserError(f"{option} is empty.")
    return text.strip()
