"""`ponte backup` and `ponte restore`: every service's database into files, and back as a new epoch."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.cli.connection import Connection
    from shared.cli.progress import Stages
    from shared.store.backup_file import Manifest

Only = Annotated[list[str] | None, typer.Option("--service", help="Only this service; may be repeated.")]

_KAFKA_S: Final = 15.0
_VIEWS_ONLY: Final = frozenset({"dashboard"})


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def backup(
        folder: Annotated[Path, typer.Argument(help="Where the files go; a folder of its own each time.")],
        service: Only = None,
    ) -> None:
        """Write each service's database into a file, as it is at one moment, while it runs.

        What is whole in the folder already is passed over, so an interrupted
        backup goes on when the same command is given again.
        """
        from shared.cli.stopping import run

        run(
            _back_up_all(folder, service or []),
            stopped="stopped; what is whole stays, and the same command goes on from there",
        )

    @app.command()
    def restore(
        folder: Annotated[Path, typer.Argument(help="The folder that `ponte backup` filled.")],
        service: Only = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        without_kafka: Annotated[
            bool,
            typer.Option("--without-kafka", help="Kafka is lost for good: do not ask it for the epoch."),
        ] = False,
        wait: Annotated[
            float, typer.Option(help="Seconds to wait until the service has ended.", min=0)
        ] = 60.0,
    ) -> None:
        """Put each service's database back to its backup, as a new epoch.

        What happened since the backup is lost to the service. It stops by itself
        and starts again when the restore is over; everybody who reads its events
        then builds anew what it knows from it.
        """
        from shared.cli.stopping import run

        chosen = _verified(folder, service or [])
        if not yes:
            _confirm(chosen)
        run(
            _restore_all(folder, chosen, without_kafka=without_kafka, wait_s=wait),
            stopped="stopped; a service that was being restored stays away until the same command has ended",
        )


async def _back_up_all(folder: Path, only: list[str]) -> None:
    from shared.cli.connection import connected, known_services, the_service
    from shared.cli.progress import Stages
    from shared.store.backup import back_up, ever_started
    from shared.store.backup_file import BackupFault

    services = [the_service(name) for name in only] or known_services()
    _make(folder)
    async with connected() as connection:
        with Stages() as bars:
            for name in services:
                if not only and not await ever_started(connection.database(name)):
                    bars.tell(f"{name}: has never been started, nothing to back up")
                    continue
                whole = _whole(folder, name)
                if whole is not None:
                    bars.tell(f"{name}: is whole already, taken {_moment(whole)}; passed over")
                    continue
                try:
                    database = connection.where.database_name(name)
                    manifest = await back_up(connection.client, database, name, folder, bars)
                except BackupFault as fault:
                    raise UserError(str(fault)) from None
                except OSError as error:
                    raise UserError(
                        f"{error.filename or folder} cannot be written: {error.strerror}."
                    ) from None
                typer.echo(f"{name}: {_size(manifest)}, epoch {manifest.epoch}")


async def _restore_all(folder: Path, chosen: "list[Manifest]", *, without_kafka: bool, wait_s: float) -> None:
    from shared.cli.connection import connected, known_services
    from shared.cli.progress import Stages
    from shared.store.backup_file import BackupFault
    from shared.store.restore import Restore

    async with connected() as connection:
        with Stages() as bars:
            for manifest in chosen:
                restoring = Restore(
                    connection.client,
                    connection.where.database_name(manifest.service),
                    folder,
                    manifest,
                    topic_epoch=_nothing if without_kafka else _epoch_of(connection, manifest.service),
                    progress=bars,
                    others=[
                        connection.database(name) for name in known_services() if name != manifest.service
                    ],
                )
                try:
                    epoch = await restoring.run(wait_s)
                except BackupFault as fault:
                    raise UserError(str(fault)) from None
                typer.echo(f"{manifest.service}: as of {_moment(manifest)}, now epoch {epoch}")
                _hint(bars, manifest.service)


def _hint(bars: "Stages", service: str) -> None:
    if service in _VIEWS_ONLY:
        bars.tell(f"{service} has only views of what others own: `ponte rebuild {service}` makes them exact")


def _epoch_of(connection: "Connection", service: str) -> Callable[[], Awaitable[int]]:
    """The highest epoch at the end of the service's topic; a refusal where Kafka cannot tell."""
    import asyncio

    from aiokafka.errors import KafkaError

    from shared.messaging.ahead import topic_epoch
    from shared.store.backup_file import BackupFault

    where = connection.where

    async def epoch() -> int:
        topic = where.topic(f"ponte.{service}")
        away: tuple[type[Exception], ...] = (KafkaError, TimeoutError)
        try:
            return await asyncio.wait_for(topic_epoch(topic, where.kafka), _KAFKA_S)
        except away:
            raise BackupFault(
                f"Kafka does not answer at {where.kafka.servers}, so the epochs that {topic} has "
                "seen are not known: start it, or say --without-kafka if it is lost for good. Nothing was "
                "changed."
            ) from None

    return epoch


async def _nothing() -> int:
    return 0


def _verified(folder: Path, only: list[str]) -> "list[Manifest]":
    """The manifests of what is to be restored, every file checked before anything is changed."""
    from shared.cli.connection import the_service
    from shared.store.backup_file import BackupFault, services_in, verify

    services = [the_service(name) for name in only] or services_in(folder)
    if not services:
        raise UserError(f"There is no whole backup in {folder}.")
    try:
        return [verify(folder, name) for name in services]
    except BackupFault as fault:
        raise UserError(f"{fault} Nothing was changed.") from None


def _confirm(chosen: "list[Manifest]") -> None:
    for manifest in chosen:
        typer.echo(f"{manifest.service}: back to {_moment(manifest)} ({_size(manifest)})", err=True)
    if not typer.confirm("What happened since then is lost to these services. Restore?", err=True):
        raise UserError("Nothing was changed.")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror}.") from None


def _whole(folder: Path, service: str) -> "Manifest | None":
    from shared.store.backup_file import BackupFault, verify

    try:
        return verify(folder, service)
    except BackupFault:
        return None


def _moment(manifest: "Manifest") -> str:
    return f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"


def _size(manifest: "Manifest") -> str:
    return f"{sum(manifest.documents.values()):,} documents, {manifest.bytes / 1e6:,.1f} MB"
