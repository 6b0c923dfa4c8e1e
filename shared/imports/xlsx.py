"""Excel workbooks: the first sheet that holds anything."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from shared.imports.sheet import Fault, Sheet, SheetBuilder

_ESCAPED = re.compile(r"_x[0-9A-Fa-f]{4}_")
_NOT_IN_FORMAT = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
"""Literals and locale marks within a number format."""


MAX_UNPACKED: Final = 400 * 1024 * 1024
"""Bytes; a workbook of fifty megabytes that unpacks to more is none that somebody has typed."""


def read_xlsx(path: Path, content: bytes) -> Sheet:
    """The table of the workbook's first sheet with cells; formulas count as their last computed values."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MAX_UNPACKED:
                reason = f"the spreadsheet unpacks to more than {MAX_UNPACKED // 1024 // 1024} MB"
                return Sheet(path, faults=(Fault(None, "", "", reason),))
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # styles and extensions that openpyxl does not keep: not our concern
            workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            return _first_sheet(path, workbook)
        finally:
            workbook.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, ParseError, EOFError, OSError):
        reason = "this is not a spreadsheet (.xlsx) that can be read; save it again or as CSV UTF-8"
        return Sheet(path, faults=(Fault(None, "", "", reason),))


def _first_sheet(path: Path, workbook: Any) -> Sheet:
    sheet = SheetBuilder(path).sheet()
    for worksheet in workbook.worksheets:
        worksheet.reset_dimensions()  # what the file claims about its size is often wrong
        builder = SheetBuilder(path)
        for number, cells in enumerate(worksheet.iter_rows(), start=1):
            _add(builder, number, cells)
        sheet = builder.sheet()
        if sheet.columns:
            return sheet
    return sheet


def _add(builder: SheetBuilder, number: int, cells: tuple[Any, ...]) -> None:
    broken = next((cell for cell in cells if cell.value is not None and cell.data_type == "e"), None)
    if broken is not None:
        builder.fault(
            number, broken.column_letter, str(broken.value), "the formula in this cell has an error"
        )
        return
    builder.add(number, [_text(cell.value, cell.number_format) for cell in cells])


def _text(value: object, number_format: str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return _date_text(value, number_format or "")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    text = str(value)
    return unescape(text) if _ESCAPED.search(text) else text


def _date_text(value: datetime, number_format: str) -> str:
    """As precise as the cell shows it: what was typed as 1973-04 is stored as its first day."""
    if (value.hour, value.minute, value.second) != (0, 0, 0):
        return value.isoformat(timespec="seconds" if value.second else "minutes")
    shown = _NOT_IN_FORMAT.sub("", number_format).lower().split(";")[0]
    if "y" in shown and "d" not in shown and "h" not in shown:
        return value.strftime("%Y-%m" if "m" in shown else "%Y")
    if "h" in shown:
        return value.isoformat(timespec="minutes")
    return value.date().isoformat()
