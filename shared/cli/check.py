"""`ponte check`: drift between the owners' journals and everything that is built from them."""

import asyncio
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.connection import Connection
    from shared.cli.drift import Finding, Owner, Part, Reader

DRIFT: Final = 1
COULD_NOT_LOOK: Final = 2
SHOWN: Final = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def check(
        fresh: Annotated[
            bool, typer.Option("--fresh", help="Forget where an earlier one was stopped.")
        ] = False,
        audit: Annotated[
            bool,
            typer.Option("--audit", help="Look at every event instead: was anything altered or removed?"),
        ] = False,
        service: Annotated[
            str | None, typer.Option("--service", help="With --audit: this service's journal only.")
        ] = None,
    ) -> None:
        """Compare every journal with its aggregates and with every projection.

        MongoDB is read directly; nothing is changed. What is merely on its way
        is looked at again before it counts. Each difference is one line. The
        exit status is 0 if there is none, 1 if there is, and 2 if it could not
        be looked at. A check that was stopped goes on from there.

        --audit computes every event's hash anew, follows the chains, and looks
        whether what the signed checkpoints noted is still there.
        """
        from shared.cli import auditing
        from shared.cli.stopping import run

        try:
            if service is not None and not audit:
                raise UserError("--service belongs to --audit.")
            work = auditing.audit(service, fresh=fresh) if audit else _check(fresh=fresh)
            run(work, stopped="stopped; the same command goes on from there")
        except UserError as error:
            typer.echo(f"ponte: {error}", err=True)
            raise typer.Exit(COULD_NOT_LOOK) from None


class Remembered:
    """Where a check that was stopped is, and what it had found, in the state folder of this person."""

    def __init__(self, *installation: str) -> None:
        from shared.cli.cursor import folder

        digest = hashlib.sha256("\x1f".join(installation).encode()).hexdigest()[:24]
        self._file: Path = folder().parent / "checks" / f"{digest}.json"
        self.part = ""
        self.after = ""
        self.findings: list[Finding] = []
        self.count = 0

    @classmethod
    def taken_up(cls, parts: "list[Part]", fresh: bool, *installation: str) -> "Remembered":
        """Where the last one was stopped, which is told with what it had found, or the beginning."""
        state = cls(*installation)
        if not fresh and state.load() and any(part.name == state.part for part in parts):
            typer.echo(f"goes on at {state.part}, behind {state.after or 'its beginning'}", err=True)
        else:
            state = cls(*installation)
            state.part = parts[0].name
        for found in state.findings:
            typer.echo(str(found))
        return state

    def load(self) -> bool:
        """Whether there is one."""
        from shared.cli.drift import Finding

        try:
            told = json.loads(self._file.read_text())
            part, after = str(told["part"]), str(told["after"])
            self.findings = [Finding(**found) for found in told["findings"]]
            self.count = int(told["count"])
        except (OSError, ValueError, TypeError, KeyError):
            return False
        self.part, self.after = part, after
        return True

    def found(self, finding: "Finding") -> bool:
        """Keep it; False: there are too many to show each."""
        self.count += 1
        if self.count <= SHOWN:
            self.findings.append(finding)
        return self.count <= SHOWN

    def save(self) -> None:
        """Whole or not at all."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(f".{os.getpid()}")
        findings = [asdict(found) for found in self.findings]
        told = {"part": self.part, "after": self.after, "count": self.count, "findings": findings}
        new.write_text(json.dumps(told))
        new.replace(self._file)

    def forget(self) -> None:
        """The check is over."""
        self._file.unlink(missing_ok=True)


async def _check(*, fresh: bool) -> None:
    from shared.cli.connection import connected
    from shared.cli.stopping import INTERRUPTED, stop_asked

    async with connected() as connection:
        owners, readers = await roles(connection)
        parts = _parts(owners, readers)
        at = connection.where
        state = Remembered.taken_up(parts, fresh, at.mongodb_uri, at.database_prefix)
        with stop_asked() as stop:
            if not await go_through(parts, state, stop):
                typer.echo("ponte: stopped; the same command goes on from there", err=True)
                raise typer.Exit(INTERRUPTED)
        state.forget()
        await _tell_letters(connection)
        count = state.count
        names = ", ".join(sorted({owner.name for owner in owners} | {reader.name for reader in readers}))
        if count:
            typer.echo(f"{count} difference{'' if count == 1 else 's'} in {names}", err=True)
            raise typer.Exit(DRIFT)
        typer.echo(f"no drift in {names}", err=True)


async def go_through(parts: "list[Part]", state: Remembered, stop: asyncio.Event) -> bool:
    """Go through the parts from where ``state`` is; False: stopped on the way."""
    from shared.cli.progress import Bar

    begin = next(number for number, part in enumerate(parts) if part.name == state.part)
    for number, part in enumerate(parts[begin:]):
        if number:
            state.part, state.after = part.name, ""
        # After an interruption the bar counts what is left as if it were all.
        total = await part.total()
        done = 0
        with Bar(part.name, total or None) as bar:
            async for progress in part.run(state.after):
                done += progress.done
                bar.at(min(done, total), total)
                state.after = progress.after or state.after
                for found in progress.findings:
                    if state.found(found):
                        typer.echo(str(found))
                state.save()
                if stop.is_set():
                    return False
    if state.count > SHOWN:
        typer.echo(f"... and {state.count - SHOWN} more")
    return True


async def roles(connection: "Connection") -> "tuple[list[Owner], list[Reader]]":
    """Whose databases there are and what they told of themselves.

    Raises:
        UserError: no service has ever run here.
    """
    from shared.cli.connection import known_services
    from shared.cli.drift import Owner, Reader
    from shared.messaging.generations import live_generation
    from shared.store.roles import owns, reads

    owners: list[Owner] = []
    readers: list[Reader] = []
    for name in known_services():
        database = connection.database(name)
        if (owned := await owns(database)) is not None:
            owners.append(Owner(name, database, owned))
        if (read := await reads(database)) is not None:
            suffix = (await live_generation(database)).suffix
            readers.append(Reader(name, database, read, suffix))
    if not owners:
        raise UserError(
            f"no service has run with databases named {connection.where.database_name('...')}: "
            "there is nothing to compare."
        )
    return owners, readers


def _parts(owners: "list[Owner]", readers: "list[Reader]") -> "list[Part]":
    from shared.cli.drift_owners import Journals, Outboxes
    from shared.cli.drift_readers import Histories, Marked
    from shared.messaging.generations import MARKS
    from shared.messaging.inbox import INBOX

    parts: list[Part] = []
    for owner in owners:
        parts += [Journals(owner), Outboxes(owner)]
    for reader in readers:
        role, database = reader.role, reader.database
        followed = [owner for owner in owners if owner.role.topic in role.topics]
        if role.views:
            parts.append(Marked(reader, MARKS, [database[MARKS + reader.suffix]], followed))
            states = [database[name + reader.suffix] for name in role.states]
            if states:
                selected = role.selected
                parts.append(
                    Marked(reader, "latest states", states, followed, field="mark", selected=selected)
                )
            parts += [Histories(reader, name, followed) for name in role.histories]
        if role.reactions:
            parts.append(Marked(reader, INBOX, [database[INBOX]], followed))
    return parts


async def _tell_letters(connection: "Connection") -> None:
    """Open dead letters are no drift: they are told, with the command that shows them."""
    from shared.cli.connection import known_services
    from shared.messaging.dead_letters import COLLECTION

    for name in known_services():
        where: dict[str, Any] = {"status": "open"}
        count = await connection.database(name)[COLLECTION].count_documents(where)
        if count:
            plural = "" if count == 1 else "s"
            typer.echo(
                f"{name}: {count} open dead letter{plural} (`ponte dead-letters list --service {name}`)",
                err=True,
            )
