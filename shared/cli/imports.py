"""`ponte import`: tables and calendars into the services that take them."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.imports.run import FileReport
    from shared.imports.sheet import Fault

SAMPLE = Path("deploy") / "sample"
_INTERRUPTED = 130
_MAX_SHOWN = 100


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("import")
    def import_(
        files: list[Path] = typer.Argument(help="CSV (UTF-8), XLSX or iCalendar files, in any order."),
        keep_good: bool = typer.Option(
            False, "--keep-good", help="Store the good rows of a file with bad ones."
        ),
        dry_run: bool = typer.Option(False, "--dry-run", help="Only say what would happen."),
    ) -> None:
        """Import files, each checked wholly before its first row is stored.

        A row is compared with the last imported one of its key: the same file
        twice changes nothing, and what was changed by hand since is reported
        and never overwritten. An interrupted import goes on when the same
        command is given again. The exit status is 0 if every row could be used.

        The services are those of this machine; PONTE_AGREEMENTS_URL and its kin
        name others. PONTE_TOKEN is the token to use; without it one of this
        machine's local run is made.
        """
        from shared.local.paths import data_folder

        try:
            reports = asyncio.run(_import(files, data_folder(), keep_good=keep_good, dry_run=dry_run))
        except KeyboardInterrupt:
            typer.echo(
                "ponte: stopped; what was stored stays, and the same command goes on from there", err=True
            )
            raise typer.Exit(_INTERRUPTED) from None
        _show(reports, dry_run=dry_run)
        if not all(report.clean for report in reports):
            raise typer.Exit(1)


def load_sample(data_folder: Path) -> None:
    """Import the sample register into the local run whose data folder this is.

    Raises ``UserError`` where a service is away or a row cannot be used.
    """
    from shared.local.paths import root

    files = sorted(file for file in (root() / SAMPLE).glob("*") if file.suffix in {".csv", ".ics", ".xlsx"})
    reports = asyncio.run(_import(files, data_folder))
    bad = [line for report in reports for line in _complaints(report)]
    if bad:
        raise UserError("; ".join(bad))


async def _import(
    files: Sequence[Path], data_folder: Path, *, keep_good: bool = False, dry_run: bool = False
) -> "list[FileReport]":
    from shared.cli.progress import Bars
    from shared.imports.client import ImportClient, ServiceAway
    from shared.imports.run import run_import

    services = _services()
    async with ImportClient(services, _token(data_folder)) as client:
        with Bars() as bars:
            try:
                return await run_import(files, client, bars, keep_good=keep_good, dry_run=dry_run)
            except ServiceAway as away:
                raise UserError(f"{away}.") from away


def _services() -> dict[str, str]:
    from shared.cli.services import addresses

    found = addresses()
    found.pop("dashboard", None)  # it has pages and nothing of its own to import
    return found


def _token(data_folder: Path) -> str:
    token = os.environ.get("PONTE_TOKEN")
    if token:
        return token
    from shared.identity.local import LocalKeysMissing, issue_token, load_keys
    from shared.identity.roles import Role

    try:
        return issue_token(load_keys(data_folder), Role.DIRECTOR, "local-import")
    except LocalKeysMissing as error:
        raise UserError(str(error)) from None


def _show(reports: "Sequence[FileReport]", *, dry_run: bool) -> None:
    for report in reports:
        for line in _complaints(report):
            typer.echo(line, err=True)
    for report in reports:
        typer.echo(_summary(report, dry_run=dry_run))


def _complaints(report: "FileReport") -> list[str]:
    """One line for every row and field that cannot be used, and for every conflict."""
    from shared.imports.sheet import Fault

    lines = [_fault_line(report.path, fault) for fault in report.faults]
    for number, key, conflict in report.conflicts:
        reason = (
            f"of {key} was changed by hand since the last import and is kept: "
            f"last imported {_quoted(conflict.last_imported)}, now {_quoted(conflict.current)}, "
            f"in the file {_quoted(conflict.new)}"
        )
        lines.append(_fault_line(report.path, Fault(number, conflict.field, "", reason)))
    return lines


def _fault_line(path: Path, fault: "Fault") -> str:
    where = path.name if fault.line is None else f"{path.name}, line {fault.line}"
    reason = _on_one_line(fault.reason)
    what = f"{fault.field} {_quoted(fault.value)}: " if fault.value else f"{fault.field} "
    if not fault.field or reason.startswith(f"{fault.field} "):
        what = ""  # a refusal of the domain begins with the field and its value itself
    hint = ""
    if fault.candidates and not all(candidate in reason for candidate in fault.candidates):
        hint = f" (perhaps: {'; '.join(fault.candidates)})"
    return f"{where}: {what}{reason}{hint}"


def _summary(report: "FileReport", *, dry_run: bool) -> str:
    from shared.imports.decide import Outcome

    counts = report.counts
    if report.left_out:
        number = len(report.faults)
        return f"{report.path.name}: nothing stored, {number} problem{'' if number == 1 else 's'}"
    created, changed = ("to create", "to change") if dry_run else ("created", "changed")
    refused = len({fault.line for fault in report.faults})
    return (
        f"{report.path.name}: {created} {counts[Outcome.CREATE]}, {changed} {counts[Outcome.CHANGE]}, "
        f"unchanged {counts[Outcome.UNCHANGED]}, conflicts {counts[Outcome.CONFLICT]}, refused {refused}"
    )


def _quoted(value: str) -> str:
    text = _on_one_line(value)
    return f'"{text[:_MAX_SHOWN]}…"' if len(text) > _MAX_SHOWN else f'"{text}"'


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
