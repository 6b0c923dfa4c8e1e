"""iCalendar (RFC 5545): one VEVENT is one row.

The cells: ``uid``, ``summary``, ``starts_at``, ``ends_at``, ``time_zone``, ``location``, ``status``,
``organizer`` and ``attendees`` (``FUNCTION`` or ``FUNCTION | NAME``, from X-PONTE-FUNCTION and CN),
``categories``, ``reserved`` (CLASS other than PUBLIC), ``description``, and every property
``X-PONTE-SOMETHING`` as ``something``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from shared.imports.cells import kept
from shared.imports.sheet import Fault, Line, Sheet

_TEXTS = {
    "UID": "uid",
    "SUMMARY": "summary",
    "LOCATION": "location",
    "STATUS": "status",
    "DESCRIPTION": "description",
}
_OWN = "X-PONTE-"
_OWN_NAMES = {"agreement": "agreement_key"}
_REPEATING = ("RRULE", "RDATE", "RECURRENCE-ID")
COLUMNS = (
    "uid",
    "summary",
    "starts_at",
    "ends_at",
    "time_zone",
    "location",
    "status",
    "organizer",
    "attendees",
    "categories",
    "agreement_key",
    "reserved",
    "sample",
    "description",
)


def read_calendar(path: Path, text: str) -> Sheet:
    """The events of a calendar as a table."""
    try:
        calendars = Calendar.from_ical(text, multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, KeyError, IndexError) as error:
        return Sheet(path, faults=(Fault(None, "", "", f"this is not a calendar that can be read: {error}"),))
    numbers = _line_numbers(text)
    if not events:
        return Sheet(path, faults=(Fault(None, "", "", "the calendar has no events"),), calendar=True)
    lines: list[Line] = []
    faults: list[Fault] = []
    columns = dict.fromkeys(COLUMNS)
    for number, event in zip(numbers, events, strict=True):
        cells, wrong = _row(event)
        faults += [Fault(number, field, value, reason) for field, value, reason in wrong]
        if not wrong:
            lines.append(Line(number, kept(cells)))
            columns.update(dict.fromkeys(lines[-1].cells))
    return Sheet(path, tuple(columns), tuple(lines), tuple(faults), calendar=True)


def _line_numbers(text: str) -> list[int]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [number for number, line in enumerate(lines, start=1) if line.strip().upper() == "BEGIN:VEVENT"]


def _row(event: Any) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    wrong = [(name or "", str(event.get(name, "")), str(reason)) for name, reason in event.errors]
    wrong += [
        (
            name,
            str(event[name].to_ical().decode() if hasattr(event[name], "to_ical") else event[name]),
            "an event that repeats cannot be imported; enter each occurrence as an event of its own",
        )
        for name in _REPEATING
        if name in event
    ]
    if wrong:
        return {}, wrong
    cells = {column: str(event.get(name, "")) for name, column in _TEXTS.items()}
    cells |= _own(event)
    cells["organizer"] = "; ".join(map(_person, _listed(event.get("ORGANIZER"))))
    cells["attendees"] = "; ".join(map(_person, _listed(event.get("ATTENDEE"))))
    cells["categories"] = "; ".join(
        str(category) for entry in _listed(event.get("CATEGORIES")) for category in entry.cats
    )
    if str(event.get("CLASS", "PUBLIC")).upper() != "PUBLIC":
        cells["reserved"] = "yes"
    return cells, _times(event, cells)


def _own(event: Any) -> dict[str, str]:
    found = {}
    for name, value in event.items():
        if str(name).upper().startswith(_OWN):
            column = str(name)[len(_OWN) :].lower().replace("-", "_")
            text = str(value)
            found[_OWN_NAMES.get(column, column)] = "yes" if text.upper() == "TRUE" else text
    return found


def _listed(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


def _person(address: Any) -> str:
    function = _plain(address.params.get("X-PONTE-FUNCTION", ""))
    name = _plain(address.params.get("CN", ""))
    return f"{function} | {name}" if name else function


def _plain(text: Any) -> str:
    """Without the characters that separate the parts of a list."""
    return str(text).replace(";", ",").replace("|", "/").strip()


def _times(event: Any, cells: dict[str, str]) -> list[tuple[str, str, str]]:
    """Put the times into ``cells``; what is wrong with them."""
    if "DTSTART" not in event:
        return [("DTSTART", "", "is required")]
    for name in ("DTSTART", "DTEND"):
        stated = event[name].params.get("TZID") if name in event else None
        if stated and event[name].dt.tzinfo is None:
            return [(name, str(stated), "is not a time zone; an IANA name such as Europe/Rome is needed")]
    try:
        start, end = event.start, event.end
    except ValueError as error:
        return [("DTEND", "", str(error))]
    zone = start.tzinfo if isinstance(start, datetime) else None
    if isinstance(zone, ZoneInfo) and zone.key != "UTC":
        cells["time_zone"] = zone.key
    cells["starts_at"] = _moment(start, zone)
    cells["ends_at"] = _moment(end, zone)
    return []


def _moment(value: date, zone: Any) -> str:
    """Local in the row's zone; UTC (``Z``) in any other; a date or a time without a zone as it stands."""
    if not isinstance(value, datetime):
        return value.isoformat()
    tidy = "seconds" if value.second else "minutes"
    if value.tzinfo is None:
        return value.isoformat(timespec=tidy)
    if isinstance(zone, ZoneInfo) and zone.key != "UTC" and value.tzinfo is zone:
        return value.replace(tzinfo=None).isoformat(timespec=tidy)
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=tidy) + "Z"
