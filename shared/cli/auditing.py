"""`ponte check --audit`: whether anything in journals or trails was altered, removed or cut off."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.connection import Connection
    from shared.cli.drift import Owner, Part
    from shared.store.checkpoints import PublicKeys


async def audit(service: str | None, *, fresh: bool) -> None:
    """Look at every event, entry of the trail and checkpoint of ``service``, or of every service.

    Raises:
        UserError: it could not be looked at.
        typer.Exit: there are faults, or it was stopped.
    """
    from shared.cli.check import DRIFT, Remembered, go_through, roles
    from shared.cli.connection import connected, the_service
    from shared.cli.stopping import INTERRUPTED, stop_asked

    keys = _keys()
    async with connected() as connection:
        owners, _ = await roles(connection)
        owners += await _without_a_journal(connection, owners)
        if service is not None:
            owners = [owner for owner in owners if owner.name == the_service(service)]
            if not owners:
                raise UserError(f"{service} has nothing to audit here: it has never run.")
        for owner in owners:
            await _not_being_restored(owner)
        at = connection.where
        installation = (at.mongodb_uri, at.database_prefix)
        parts = _parts(owners, keys)
        state = Remembered.taken_up(parts, fresh, *installation, "audit", service or "")
        with stop_asked() as stop:
            if not await go_through(parts, state, stop):
                typer.echo("ponte: stopped; the same command goes on from there", err=True)
                raise typer.Exit(INTERRUPTED)
        state.forget()
        count = state.count + await _ends(owners, keys, _witness_file(*installation))
        for owner in owners:
            await _not_being_restored(owner)
        names = ", ".join(sorted(owner.name for owner in owners))
        if count:
            typer.echo(f"{count} fault{'' if count == 1 else 's'} in {names}", err=True)
            raise typer.Exit(DRIFT)
        typer.echo(f"nothing was altered in {names}", err=True)


def _parts(owners: "list[Owner]", keys: "PublicKeys") -> "list[Part]":
    from shared.cli.audit_chains import Chains
    from shared.cli.audit_checkpoints import Checkpoints
    from shared.cli.audit_trails import Trails

    parts: list[Part] = []
    for owner in owners:
        events = [Chains(owner)] if owner.role.aggregates else []
        parts += [*events, Trails(owner), Checkpoints(owner, keys)]
    return parts


async def _without_a_journal(connection: "Connection", owners: "list[Owner]") -> "list[Owner]":
    """Services that publish nothing and still refuse people, as the dashboard does."""
    from shared.cli.connection import known_services
    from shared.cli.drift import Owner
    from shared.store.backup import ever_started
    from shared.store.roles import Owns

    others = set(known_services()) - {owner.name for owner in owners}
    return [
        Owner(name, connection.database(name), Owns("", ()))
        for name in sorted(others)
        if await ever_started(connection.database(name))
    ]


async def _ends(owners: "list[Owner]", keys: "PublicKeys", file: Path) -> int:
    """What the last checkpoints tell, also of earlier audits; how many faults there are."""
    from shared.cli.audit_checkpoints import Witness, restores, unsigned_end
    from shared.cli.drift import Finding

    witness = Witness(file)
    findings: list[Finding] = []
    for owner in owners:
        found, told = await witness.compare(owner)
        findings += found
        unsigned = await unsigned_end(owner)
        if unsigned is not None and keys:
            what = "it is not signed although a key is given: nothing vouches for it"
            findings.append(Finding(f"{owner.name}: checkpoints", "checkpoint", str(unsigned), what))
        for line in (*await restores(owner), *told):
            typer.echo(line, err=True)
    if not keys:
        typer.echo(
            "no signature was verified: set PONTE_AUDIT_PUBLIC_KEY_FILE or PONTE_AUDIT_KEY_FILE", err=True
        )
    for finding in findings:
        typer.echo(str(finding))
    witness.save()
    return len(findings)


async def _not_being_restored(owner: "Owner") -> None:
    from shared.store.presence import RESTORE
    from shared.store.setup import META

    if await owner.database[META].find_one({"_id": RESTORE}) is not None:
        raise UserError(f"{owner.name} is being restored: the audit is possible when that has finished.")


def _keys() -> "PublicKeys":
    """The keys that may have signed; none where none is named. Raises ``UserError``."""
    from shared.local.paths import data_folder
    from shared.store.checkpoints import KeyFault, read_public_keys

    named = os.environ.get("PONTE_AUDIT_PUBLIC_KEY_FILE") or os.environ.get("PONTE_AUDIT_KEY_FILE")
    local = data_folder() / "keys" / "audit-key.pem"
    if not named and (os.environ.get("PONTE_MONGODB_URI") or not local.exists()):
        return {}
    try:
        return read_public_keys(Path(named) if named else local)
    except KeyFault as error:
        raise UserError(str(error)) from None


def _witness_file(*installation: str) -> Path:
    from shared.cli.cursor import folder

    digest = hashlib.sha256("\x1f".join(installation).encode()).hexdigest()[:24]
    return folder().parent / "audits" / f"{digest}.json"
