"""The `ponte` command: every use case of a terminal, each in a module of its own."""

import importlib
import os
import sys
from typing import Any

import typer

from shared.cli.errors import UserError

# Each has a function `register(app)` and imports what is heavy only inside its commands, so that
# `ponte --help` answers at once.
MODULES = (
    "up",
    "status",
    "tokens",
    "imports",
    "documents",
    "dead_letters",
    "replay",
    "rebuild",
    "check",
    "backups",
    "privacy",
    "handover",
)


def build_app() -> typer.Typer:
    """Return the command with every subcommand registered."""
    app = typer.Typer(
        name="ponte",
        help="The international relations of a city: services, data and access from a terminal.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def _group() -> None:
        # With a callback the command stays a group, also while it has a single subcommand.
        pass

    for name in MODULES:
        module: Any = importlib.import_module(f"shared.cli.{name}")
        module.register(app)
    return app


def main() -> None:
    """Run the command; what the person can mend is one sentence on stderr and the exit status 1."""
    try:
        build_app()()
    except UserError as error:
        sys.stderr.write(f"ponte: {error}\n")
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe (`ponte export | head`) has seen enough; Python must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


if __name__ == "__main__":
    main()
