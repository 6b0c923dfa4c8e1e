"""`ponte dead-letters`: what a service could not use, looked at, given to it again, or closed."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.requeue import Filters
    from shared.messaging.letters import LetterStatus

Found = list[tuple[str, dict[str, Any]]]

Service = Annotated[str | None, typer.Option(help="The service that could not use it.")]
Reason = Annotated[str | None, typer.Option(help="Such as not-json, wrong-schema, unknown-type, failed.")]
TopicName = Annotated[str | None, typer.Option("--topic", help="Where it came from, such as ponte.agenda.")]
Subject = Annotated[str | None, typer.Option(help="The aggregate's id.")]
Since = Annotated[str | None, typer.Option(help="Stored since: 2026-11-22T10:30 (UTC), or 2h ago.")]
Until = Annotated[str | None, typer.Option(help="Stored until.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="dead-letters",
        help="Messages that a service could not use: kept whole, with the reason.",
        no_args_is_help=True,
    )
    group.command("list")(list_)
    group.command("show")(show)
    group.command("requeue")(requeue)
    group.command("discard")(discard)
    app.add_typer(group)


def list_(
    service: Service = None,
    reason: Reason = None,
    topic: TopicName = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    status: Annotated[
        str, typer.Option(help="open, requeued, resolved, discarded, or all. Default: not closed.")
    ] = "unsettled",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many per service.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; with every field.")] = False,
) -> None:
    """List dead letters, the latest first."""
    from shared.cli.requeue import filters
    from shared.cli.stopping import run

    wanted = filters(service, reason, topic, subject, since, until, status=_status(status))
    run(_list(wanted, limit, as_json=as_json), stopped="stopped")


def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    service: Service = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the original value's bytes and nothing else.")
    ] = False,
) -> None:
    """Show one dead letter whole: reason, place, headers and the original bytes."""
    from shared.cli.stopping import run

    run(_show(letter, service, raw=raw), stopped="stopped")


def requeue(
    letters: Annotated[list[str] | None, typer.Argument(metavar="ID", help="As `list` shows them.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All open ones that the filters leave.")] = False,
    service: Service = None,
    reason: Reason = None,
    topic: TopicName = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was requeued or closed before.")] = False,
) -> None:
    """Give messages to their reader once more, in order per subject.

    Safe to repeat: what was requeued before is passed over, and a service knows
    what it has carried out. Interrupted, the same command goes on from there.
    """
    from shared.cli import requeue as work
    from shared.cli.stopping import run
    from shared.messaging.letters import LetterStatus

    given = any(filter_ is not None for filter_ in (reason, topic, subject, since, until))
    if bool(letters) == all_:
        raise UserError("name the letters by their ids, or say --all (and filters) for many.")
    if letters and given:
        raise UserError("filters go with --all; letters named by their ids need none but --service.")
    status = tuple(LetterStatus) if again or letters else (LetterStatus.OPEN, LetterStatus.REQUEUED)
    wanted = work.filters(service, reason, topic, subject, since, until, status=status)
    run(
        work.requeue(wanted, letters or [], again=again),
        stopped="stopped; the same command goes on with what is left",
    )


def discard(
    letter: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    why: Annotated[str, typer.Option(help="For whoever asks later.")],
    service: Service = None,
) -> None:
    """Close a letter that can never be used; what waited behind it goes on. Its bytes are kept."""
    from shared.cli import requeue as work
    from shared.cli.stopping import run

    if not why.strip():
        raise UserError("--why is empty; it says why the letter can never be used.")
    run(work.discard(letter, service, why.strip()), stopped="stopped; the same command does the rest")


def _status(word: str) -> "tuple[LetterStatus, ...]":
    from shared.messaging.letters import LetterStatus

    if word == "all":
        return tuple(LetterStatus)
    if word == "unsettled":
        return (LetterStatus.OPEN, LetterStatus.REQUEUED)
    try:
        return (LetterStatus(word),)
    except ValueError:
        raise UserError(f"--status is {word!r}; it is one of all, {', '.join(LetterStatus)}.") from None


async def _list(wanted: "Filters", limit: int, *, as_json: bool) -> None:
    from shared.cli.connection import connected
    from shared.cli.letter_texts import as_json as json_of
    from shared.cli.letter_texts import table
    from shared.messaging.dead_letters import DeadLetters

    found: Found = []
    left_out = 0
    async with connected() as connection:
        where = wanted.where(connection.where)
        for name in wanted.services:
            letters = DeadLetters(connection.database(name))
            listed = await letters.list(where, limit=limit)
            found.extend((name, letter) for letter in listed)
            if len(listed) == limit:
                left_out += await letters.count(where) - limit
    if as_json:
        typer.echo(json_of(found))
        return
    if not found:
        typer.echo("No dead letters.")
        return
    typer.echo(table(found))
    if left_out:
        typer.echo(f"... and {left_out} more; --limit shows more, filters show fewer", err=True)


async def _show(key: str, service: str | None, *, raw: bool) -> None:
    from shared.cli.connection import connected
    from shared.cli.letter_texts import whole
    from shared.cli.requeue import find

    async with connected() as connection:
        found = await find(connection, key, service)
    if not raw:
        typer.echo("\n\n".join(whole(name, letter) for name, letter in found))
        return
    if len(found) > 1:
        raise UserError(f"{key} is in {' and '.join(name for name, _ in found)}: say --service.")
    sys.stdout.buffer.write(bytes(found[0][1]["value"] or b""))
    sys.stdout.buffer.flush()
