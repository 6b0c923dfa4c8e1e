from __future__ import annotations

from pathlib import Path

from shared.imports.matching import Target, match, without_doubles
from shared.imports.messages import ColumnOut, KindOut
from shared.imports.reading import read_sheet


def target(kind: str, key: str, *columns: str, calendar: bool = False) -> Target:
    described = [ColumnOut(name=n, required=True, meaning_en=n, meaning_it=n) for n in (key, *columns)]
    found = KindOut(kind=kind, key_column=key, rank=1, calendar=calendar, columns=described)
    return Target(kind, found)


TARGETS = [target("agreements", "agreement_key", "title"), target("missions", "uid", calendar=True)]


def given(folder: Path, text: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_table_goes_where_its_key_column_is_known(tmp_path: Path) -> None:
    found = match(read_sheet(given(tmp_path, "title,Agreement Key\nA,a\n")), TARGETS)
    assert found.target == TARGETS[0]
    assert [found.key(line) for line in found.lines] == ["a"]
    assert not found.faults


def test_a_calendar_goes_to_the_kind_that_takes_calendars(tmp_path: Path) -> None:
    text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20270101T100000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    sheet = read_sheet(given(tmp_path, text, "a.ics"))
    assert match(sheet, TARGETS).target == TARGETS[1]
    assert match(sheet, TARGETS[:1]).unusable


def test_without_a_key_column_the_known_ones_are_named(tmp_path: Path) -> None:
    found = match(read_sheet(given(tmp_path, "agreement_kye,title\na,A\n")), TARGETS)
    assert found.unusable
    assert "agreement_key (agreements)" in found.faults[0].reason
    assert found.faults[0].candidates == ("agreement_key",)


def test_two_key_columns_are_a_question(tmp_path: Path) -> None:
    found = match(read_sheet(given(tmp_path, "agreement_key,uid\na,b\n")), TARGETS)
    assert found.unusable
    assert "several tables" in found.faults[0].reason


def test_a_column_that_nobody_reads_is_a_fault_of_the_file(tmp_path: Path) -> None:
    found = match(read_sheet(given(tmp_path, "agreement_key,titel\na,A\n")), TARGETS)
    assert found.unusable
    assert (found.faults[0].field, found.faults[0].candidates) == ("titel", ("title",))


def test_doubled_and_missing_keys_are_faults_of_their_rows(tmp_path: Path) -> None:
    found = match(read_sheet(given(tmp_path, "agreement_key,title\na,A\nb,B\na,C\n,D\n")), TARGETS)
    assert [found.key(line) for line in found.lines] == ["b"]
    assert {(fault.line, fault.value) for fault in found.faults} == {(2, "a"), (4, "a"), (5, "")}


def test_a_key_of_an_earlier_file_is_a_fault_of_the_later_one(tmp_path: Path) -> None:
    files = [
        match(read_sheet(given(tmp_path, f"agreement_key,title\na,A\n{name[0]}x,B\n", name)), TARGETS)
        for name in ("1.csv", "2.csv")
    ]
    first, second = without_doubles(files)
    assert (len(first.lines), first.faults) == (2, ())
    assert [second.key(line) for line in second.lines] == ["2x"]
    assert "1.csv" in second.faults[0].reason
