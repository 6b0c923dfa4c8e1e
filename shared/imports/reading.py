"""Reads a file by what it is, whatever its name says."""

from __future__ import annotations

from pathlib import Path

from shared.imports.csv_text import read_csv
from shared.imports.sheet import Fault, Sheet

MAX_BYTES = 50 * 1024 * 1024

_ZIP = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_PICTURES = (b"%PDF", b"\x89PNG", b"\xff\xd8", b"GIF8")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class _Unreadable(Exception):
    """The file as a whole cannot be used; the text says why and what to do."""


def read_sheet(path: Path) -> Sheet:
    """The table in a CSV (UTF-8; ``,`` ``;`` or tab), XLSX or iCalendar file.

    Never raises for what the file contains: a file that cannot be read is a sheet with a fault.
    """
    try:
        content = _content(path)
        if content.startswith(_ZIP):
            from shared.imports.xlsx import read_xlsx

            return read_xlsx(path, content)
        text = _text(content)
        if text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
            from shared.imports.calendar import read_calendar

            return read_calendar(path, text)
        if path.suffix.lower() == ".xlsx":
            raise _Unreadable("this is not a spreadsheet, although its name ends in .xlsx")
        if path.suffix.lower() == ".ics":
            raise _Unreadable("this is not a calendar, although its name ends in .ics")
    except _Unreadable as error:
        return Sheet(path, faults=(Fault(None, "", "", str(error)),))
    return read_csv(path, text)


def _content(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            raise _Unreadable(f"the file is larger than {MAX_BYTES // 1024 // 1024} MB")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise _Unreadable("there is no such file") from error
    except OSError as error:
        raise _Unreadable(f"the file cannot be opened: {error.strerror or error}") from error


def _text(content: bytes) -> str:
    if content.startswith(_OLD_OFFICE):
        raise _Unreadable("this is an old Excel or other Office file; save it as .xlsx or as CSV UTF-8")
    if content.startswith(_UTF16):
        raise _Unreadable("the text is UTF-16 ('Unicode text'); save it as CSV UTF-8")
    if b"\x00" in content[:4096] or content.startswith(_PICTURES):
        raise _Unreadable("this is neither a spreadsheet (.xlsx), a CSV text nor a calendar (.ics)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _Unreadable(_not_utf8(content, error)) from error


def _not_utf8(content: bytes, error: UnicodeDecodeError) -> str:
    line = content.count(b"\n", 0, error.start) + 1
    begin = content.rfind(b"\n", 0, error.start) + 1
    near = content[max(begin, error.start - 15) : error.start + 8].decode("cp1252", "replace").strip()
    return f"line {line} is not UTF-8 text (near {near!r}); save the file as CSV UTF-8"
