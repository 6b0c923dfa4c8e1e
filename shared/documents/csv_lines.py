"""CSV that a spreadsheet program opens as text, whatever somebody has typed into a field."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

BOM: Final = "\ufeff"
"""At the beginning of the file: without it Excel takes the text for Latin-1."""

_STARTS_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in full width, which Excel reads as the same."""


def safe_cell(value: object) -> str:
    """The value as a cell that no spreadsheet program carries out: a formula gets an apostrophe before it.

    Blanks do not hide one. Null is empty. Numbers, which are not typed by anybody, stay as they are.
    """
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float) or not text.lstrip(" \u00a0\u200b\ufeff").startswith(_STARTS_A_FORMULA):
        return text
    return f"'{text}"


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as text, each on a line of its own, with safe cells."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue()
