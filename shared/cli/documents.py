"""`ponte openapi` and `ponte asyncapi`: what a running service says about its API and its events."""

from typing import Annotated

import typer

from shared.cli.errors import UserError

Service = Annotated[str, typer.Argument(help="Such as agenda; PONTE_AGENDA_URL names it elsewhere.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def openapi(service: Service) -> None:
        """Print the OpenAPI document of a running service."""
        typer.echo(_fetch(service, "openapi.json"))

    @app.command()
    def asyncapi(service: Service) -> None:
        """Print the AsyncAPI document of a running service."""
        typer.echo(_fetch(service, "asyncapi.json"))


def _fetch(service: str, document: str) -> str:
    import json
    import os
    import urllib.error
    import urllib.request

    from shared.local.errors import LocalError
    from shared.local.topology import PORTS, port_of

    if service not in PORTS:
        raise UserError(f"There is no service {service!r}; there is {', '.join(PORTS)}.")
    setting = f"PONTE_{service.upper()}_URL"
    try:
        base = os.environ.get(setting) or f"http://127.0.0.1:{port_of(service, PORTS[service])}"
    except LocalError as error:
        raise UserError(str(error)) from None
    if not base.startswith(("http://", "https://")):
        raise UserError(f"{setting} is {base!r}; it must begin with http:// or https://.")
    try:
        # Only http and https come this far.
        with urllib.request.urlopen(f"{base.rstrip('/')}/{document}", timeout=10) as answer:  # noqa: S310
            text = answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        raise UserError(f"{service} at {base} answers {error.code} to {document}.") from None
    except (OSError, ValueError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise UserError(f"{service} does not answer at {base} ({reason}): is Ponte running?") from None
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
