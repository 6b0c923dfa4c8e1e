"""CSV as spreadsheet programs save it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from shared.imports.sheet import Sheet, SheetBuilder

_SEPARATOR_LINE = re.compile(r"^sep=(.)\r?\n", re.IGNORECASE)
_SEPARATORS = ",;\t"


def read_csv(path: Path, text: str) -> Sheet:
    """The table in ``text``; the separator is the one that the header uses most, or Excel's ``sep=`` line."""
    builder = SheetBuilder(path)
    declared = _SEPARATOR_LINE.match(text)
    skipped = 1 if declared else 0
    text = text[declared.end() :] if declared else text
    separator = declared[1] if declared else _separator(text)
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for record in records:
            builder.add(begins + skipped, record)
            begins = records.line_num + 1
    except csv.Error as error:
        reason = f"from line {begins + skipped} on the file is not CSV: {error} (a quotation mark too many?)"
        builder.fault(None, "", "", reason)
    return builder.sheet()


def _separator(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip(' ,;\t"')), "")
    return max(_SEPARATORS, key=header.count)
