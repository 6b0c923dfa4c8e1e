"""Whom a command is about, without a name ending up in the shell's history unless somebody wants it there."""

import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import scrypt
from pathlib import Path
from typing import Any, Final

import typer

from shared.cli.errors import UserError

STDIN: Final = "-"
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Whom:
    """A person, by every way in which the name is written and by opaque ids, both sorted."""

    names: tuple[str, ...]
    ids: tuple[str, ...]

    def body(self) -> dict[str, Any]:
        """As the services take it: in a request's body, so that no name is in an address or a log."""
        return {"names": list(self.names), "person_ids": list(self.ids)}

    def key(self, *about: str) -> str:
        """The same text for the same person and the same ``about``, however often it is asked for.

        Slow on purpose (about 0.1 s): whoever sees the text cannot try out names by the million.
        """
        told = "\x1f".join((*about, "names", *self.names, "ids", *self.ids)).encode()
        return scrypt(told, salt=b"ponte privacy", n=2**15, r=8, p=1, maxmem=2**26, dklen=20).hex()


def whom(names: Sequence[str], ids: Sequence[str], names_file: str | None) -> Whom:
    """The person that arguments, a file (``-`` for standard input) or answers at the terminal name.

    Raises ``UserError`` where nobody is named, or too many names are given.
    """
    given = [*names, *_of_file(names_file)]
    if not given and not ids:
        given = _asked()
    written = sorted({" ".join(unicodedata.normalize("NFC", name).split()) for name in given} - {""})
    opaque = sorted({one.strip() for one in ids} - {""})
    if not written and not opaque:
        raise UserError("nobody is named: give NAME, --names-file or --person-id.")
    if len(written) > MOST or len(opaque) > MOST:
        raise UserError(f"these are more than {MOST} names or ids: they are ways to write one person's name.")
    short = next((name for name in written if len(name) < 2), None)
    if short is not None:
        raise UserError(f"{short!r} is too short for a name.")
    return Whom(tuple(written), tuple(opaque))


def _of_file(file: str | None) -> list[str]:
    if file is None:
        return []
    try:
        text = sys.stdin.read() if file == STDIN else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--names-file {file} cannot be read: {error}.") from None
    return text.splitlines()


def _asked() -> list[str]:
    if not sys.stdin.isatty():
        return []
    typer.echo("Every way in which the name is written, one a line; an empty line ends.", err=True)
    found: list[str] = []
    while name := typer.prompt("Name", default="", show_default=False, err=True).strip():
        found.append(name)
    return found
