"""`ponte replay`: owners send what they have in their journals to one service once more."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def replay(
        service: Annotated[str, typer.Option(help="The service that shall get the events once more.")],
        topic: Annotated[
            str | None, typer.Option(help="Only of this owner, such as ponte.agenda. Default: all it reads.")
        ] = None,
        subject: Annotated[str | None, typer.Option(help="Only of this aggregate.")] = None,
        since: Annotated[
            str | None, typer.Option(help="Only events from then on: 2026-11-22T10:30 (UTC), or 2h ago.")
        ] = None,
        until: Annotated[str | None, typer.Option(help="Only events until then.")] = None,
        restart: Annotated[
            bool, typer.Option("--restart", help="From the first page, whatever an interrupted one has sent.")
        ] = False,
    ) -> None:
        """Send events of the past to a service, from their owners' journals.

        Live offsets are not touched, and what the service has already changes
        nothing. Ctrl-C stops after the page; the same command goes on from there.
        """
        from shared.cli.connection import the_service
        from shared.cli.replaying import Asked, send_again
        from shared.cli.stopping import run
        from shared.cli.times import bounds

        the_service(service)
        bounds(since, until)
        run(
            send_again(Asked(service, topic, subject, since, until), restart=restart),
            stopped="stopped at once; the same command goes on after the last page that was sent whole",
        )
