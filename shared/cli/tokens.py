"""`ponte token` and `ponte link`: access to a local run."""

from typing import TYPE_CHECKING, Annotated

import typer

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.identity.local import LocalKeys
    from shared.identity.roles import Role


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command()
    def token(
        role: Annotated[str, typer.Option(help="What the caller may do; a wrong one lists all.")],
        subject: Annotated[str | None, typer.Option(help="The caller's opaque id.")] = None,
        minutes: Annotated[float, typer.Option(help="How long the token holds.")] = 60,
        scope: Annotated[
            list[str] | None, typer.Option(help="An action that a program (integration) may do; repeatable.")
        ] = None,
    ) -> None:
        """Print a bearer token for the APIs of the local run."""
        from shared.identity.local import issue_token

        keys, wanted = _keys(), _role(role)
        scopes = _scopes(wanted, scope or [])
        try:
            typer.echo(issue_token(keys, wanted, subject, minutes, scopes=scopes))
        except ValueError as error:
            raise UserError(f"{error}.") from None

    @app.command()
    def link(
        role: Annotated[str, typer.Option(help="Whom the link signs in as.")] = "director",
        minutes: Annotated[float, typer.Option(help="How long the link may be used.")] = 15,
    ) -> None:
        """Print a link that signs in at the dashboard once."""
        from shared.identity.local import sign_in_link
        from shared.identity.rights import RIGHTS, Action

        keys, wanted = _keys(), _role(role)
        if wanted not in RIGHTS[Action.PAGES_READ].roles:
            raise UserError(f"--role {wanted} opens no page: programs call the APIs, see `ponte token`.")
        try:
            typer.echo(sign_in_link(keys, _dashboard_url(), wanted, minutes))
        except ValueError as error:
            raise UserError(f"{error}.") from None


def _keys() -> "LocalKeys":
    from shared.identity.local import LocalKeysMissing, load_keys
    from shared.local.paths import data_folder

    try:
        return load_keys(data_folder())
    except LocalKeysMissing as error:
        raise UserError(str(error)) from None


def _role(word: str) -> "Role":
    from shared.identity.roles import Role

    try:
        return Role(word)
    except ValueError:
        raise UserError(f"--role is {word!r}; it is one of {', '.join(Role)}.") from None


def _scopes(role: "Role", words: list[str]) -> list[str]:
    """The actions that the token shall name: at least one for a program, none for a person."""
    from shared.identity.rights import SCOPES
    from shared.identity.roles import Role

    unknown = [word for word in words if word not in SCOPES]
    if unknown or (role is Role.INTEGRATION and not words):
        said = f"--scope is {unknown[0]!r}" if unknown else f"--role {role} needs --scope, as often as wanted"
        raise UserError(f"{said}; it is one of {', '.join(sorted(SCOPES))}.")
    if words and role is not Role.INTEGRATION:
        raise UserError(f"--scope goes with --role {Role.INTEGRATION}: a person may what the role may.")
    return words


def _dashboard_url() -> str:
    from shared.local.errors import LocalError
    from shared.local.topology import PORTS, port_of

    try:
        return f"http://127.0.0.1:{port_of('dashboard', PORTS['dashboard'])}"
    except LocalError as error:
        raise UserError(str(error)) from None
