from __future__ import annotations

from pathlib import Path

import pytest

from shared.imports.reading import read_sheet
from shared.imports.sheet import Sheet

EVENT = """BEGIN:VEVENT
UID:a@ponte.example
DTSTART;TZID=America/Sao_Paulo:20270113T100000
DTEND;TZID=America/Sao_Paulo:20270115T160000
SUMMARY:Firma\\, con San Paolo
LOCATION:São Paulo\\, BR
STATUS:CONFIRMED
CLASS:PRIVATE
CATEGORIES:sign-agreement
ORGANIZER;CN="Anna; Rossi";X-PONTE-FUNCTION=Vicesindaco:mailto:a@ponte.example
ATTENDEE;X-PONTE-FUNCTION=Capo di Gabinetto:mailto:b@ponte.example
ATTENDEE;CN=Ugo;X-PONTE-FUNCTION=Assessore:mailto:c@ponte.example
X-PONTE-AGREEMENT:sample
X-PONTE-SAMPLE:TRUE
DESCRIPTION:Esempio\\n inventato
END:VEVENT
"""


def read(folder: Path, *events: str, before: str = "") -> Sheet:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{before}{''.join(events)}END:VCALENDAR\n"
    (folder / "a.ics").write_bytes(text.replace("\n", "\r\n").encode())
    return read_sheet(folder / "a.ics")


def changed(**lines: str) -> str:
    found = EVENT
    for name, line in lines.items():
        old = next(text for text in EVENT.splitlines(keepends=True) if text.startswith(name))
        found = found.replace(old, f"{line}\n" if line else "")
    return found


def test_an_event_is_a_row(tmp_path: Path) -> None:
    sheet = read(tmp_path, EVENT)
    assert sheet.calendar
    assert sheet.lines[0].number == 4
    assert sheet.lines[0].cells == {
        "uid": "a@ponte.example",
        "starts_at": "2027-01-13T10:00",
        "ends_at": "2027-01-15T16:00",
        "time_zone": "America/Sao_Paulo",
        "summary": "Firma, con San Paolo",
        "location": "São Paulo, BR",
        "status": "CONFIRMED",
        "reserved": "yes",
        "categories": "sign-agreement",
        "organizer": "Vicesindaco | Anna, Rossi",
        "attendees": "Capo di Gabinetto; Assessore | Ugo",
        "agreement_key": "sample",
        "sample": "yes",
        "description": "Esempio\n inventato",
    }


@pytest.mark.parametrize(
    ("start", "end", "cells"),
    [
        ("DTSTART:20270113T100000Z", "DURATION:PT90M", ("2027-01-13T10:00Z", "2027-01-13T11:30Z", "")),
        ("DTSTART:20270113T100000", "DTEND:20270113T113015", ("2027-01-13T10:00", "2027-01-13T11:30:15", "")),
        ("DTSTART;VALUE=DATE:20270113", "DTEND;VALUE=DATE:20270115", ("2027-01-13", "2027-01-15", "")),
        ("DTSTART;VALUE=DATE:20270113", "", ("2027-01-13", "2027-01-14", "")),
        (
            "DTSTART;TZID=W. Europe Standard Time:20270113T100000",
            "DTEND;TZID=America/New_York:20270113T100000",
            ("2027-01-13T10:00", "2027-01-13T15:00Z", "Europe/Berlin"),
        ),
    ],
)
def test_times_keep_their_zone(tmp_path: Path, start: str, end: str, cells: tuple[str, str, str]) -> None:
    row = read(tmp_path, changed(DTSTART=start, DTEND=end)).lines[0].cells
    assert (row["starts_at"], row["ends_at"], row.get("time_zone", "")) == cells


def test_a_zone_that_the_file_defines_itself_is_read_as_utc(tmp_path: Path) -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0300\n"
        "TZOFFSETTO:+0300\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    event = changed(DTSTART="DTSTART;TZID=Ours:20270113T100000", DTEND="DTEND;TZID=Ours:20270113T110000")
    row = read(tmp_path, event, before=zone).lines[0].cells
    assert (row["starts_at"], row["ends_at"]) == ("2027-01-13T07:00Z", "2027-01-13T08:00Z")
    assert "time_zone" not in row


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ({"DTSTART": ""}, "DTSTART"),
        ({"DTSTART": "DTSTART:yesterday"}, "DTSTART"),
        ({"DTSTART": "DTSTART;TZID=Nowhere/Else:20270113T100000"}, "DTSTART"),
        ({"DTEND": "DTEND;TZID=Nowhere/Else:20270113T100000"}, "DTEND"),
        ({"DTEND": "DTEND;VALUE=DATE:20270113"}, "DTEND"),
        ({"CLASS": "RRULE:FREQ=WEEKLY"}, "RRULE"),
        ({"CLASS": "RECURRENCE-ID:20270113T100000Z"}, "RECURRENCE-ID"),
    ],
)
def test_what_is_no_single_event_is_refused_with_its_line(
    tmp_path: Path, lines: dict[str, str], field: str
) -> None:
    sheet = read(tmp_path, EVENT, changed(**lines))
    assert len(sheet.lines) == 1
    assert [(fault.line, fault.field) for fault in sheet.faults] == [(4 + EVENT.count("\n"), field)]
    assert sheet.faults[0].reason
