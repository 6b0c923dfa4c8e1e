"""Cells as text that is the same whichever program saved the file."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping

Cells = Mapping[str, str]
"""One row: normalised text by column."""

_ODD_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\ufeff": None, "\u200b": None})


def normal(text: str) -> str:
    """``text`` composed (NFC), with plain line feeds, without blanks round it or at its lines' ends."""
    text = unicodedata.normalize("NFC", text.translate(_ODD_BLANKS))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def column_name(text: str) -> str:
    """A header cell as the name of a column: ``Agreement Key`` is ``agreement_key``."""
    return "_".join(normal(text).casefold().split())


def kept(cells: Cells) -> dict[str, str]:
    """The cells that hold something, normalised: an empty one and a missing one are the same."""
    return {name: value for name, text in sorted(cells.items()) if (value := normal(text))}


def whole(cells: Cells, columns: Iterable[str]) -> dict[str, str]:
    """The cells with every one of ``columns``, empty where nothing is kept."""
    return {**dict.fromkeys(columns, ""), **cells}


def digest(*parts: object) -> str:
    """A text digest (32 hexadecimal digits) that the same ``parts`` always give."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
