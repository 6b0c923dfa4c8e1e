from __future__ import annotations

import csv
import io
import random
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from shared.imports.cells import column_name, kept, normal
from shared.imports.reading import read_sheet
from shared.imports.sheet import Sheet
from shared.imports.xlsx import MAX_UNPACKED

HEADER = ["agreement_key", "title", "signed", "note"]
TEXTS = st.text(
    alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\ufffd"),
    max_size=30,
)


def written(path: Path, content: bytes | str) -> Sheet:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_sheet(path)


def as_csv(rows: list[list[str]], separator: str = ",", end: str = "\n", encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator, lineterminator=end).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: list[list[object]]) -> bytes:
    workbook = Workbook()
    for row in rows:
        workbook.worksheets[0].append(row)
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def by_key(sheet: Sheet) -> dict[str, dict[str, str]]:
    assert not sheet.faults, sheet.faults
    return {line.cells["agreement_key"]: line.cells for line in sheet.lines}


@settings(deadline=None, max_examples=50)  # it writes files
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True),
        st.lists(TEXTS, min_size=3, max_size=3),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_the_same_table_saved_by_any_program_is_the_same_cells(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, list[str]], shuffle: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    table = [HEADER, *([key, *cells] for key, cells in rows.items())]
    expected = {key: kept(dict(zip(HEADER, [key, *cells], strict=True))) for key, cells in rows.items()}
    assert by_key(written(folder / "plain.csv", as_csv(table))) == expected
    assert by_key(written(folder / "excel.csv", as_csv(table, ";", "\r\n", "utf-8-sig"))) == expected
    assert by_key(written(folder / "tabs.csv", as_csv(table, "\t"))) == expected
    # Formula-like texts stay texts where a program writes them as texts.
    workbook = Workbook()
    for number, row in enumerate(table, start=1):
        for column, value in enumerate(row, start=1):
            cell = workbook.worksheets[0].cell(number, column, value)
            cell.data_type = "s"
    workbook.save(folder / "first.xlsx")
    assert by_key(read_sheet(folder / "first.xlsx")) == expected
    again = load_workbook(folder / "first.xlsx")
    again.save(folder / "again.xlsx")
    assert by_key(read_sheet(folder / "again.xlsx")) == expected
    order = table[1:]
    shuffle.shuffle(order)
    columns = list(range(len(HEADER)))
    shuffle.shuffle(columns)
    resorted = [[row[column] for column in columns] for row in [HEADER, *order]]
    assert by_key(written(folder / "sorted.csv", as_csv(resorted))) == expected


@given(TEXTS | st.text(max_size=20))
@example("e\u200b\u0301 ")
def test_normal_text_stays_as_it_is(text: str) -> None:
    assert normal(normal(text)) == normal(text)


def test_blanks_composition_and_line_ends_do_not_matter() -> None:
    assert normal(" Sa\u0303o\u00a0Paulo \r\n due  \r\n") == "São Paulo\n due"
    assert column_name(" Agreement  Key ") == "agreement_key"
    assert kept({"a": " ", "b": "x "}) == {"b": "x"}


def test_typed_cells_of_a_spreadsheet_are_texts(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(HEADER)
    values: list[object] = [
        date(1967, 9, 22),
        24,
        24.0,
        0.1,
        True,
        datetime(2027, 1, 29, 17, 0),  # noqa: DTZ001 - a spreadsheet knows no zones
        date(1973, 4, 1),
        date(1973, 1, 1),
    ]
    for number, value in enumerate(values, start=2):
        sheet.append([f"k{number}", value])
    sheet.cell(7, 2).number_format = "dd/mm/yyyy hh:mm"
    sheet.cell(8, 2).number_format = "[$-410]mmm\\-yy;@"
    sheet.cell(9, 2).number_format = "yyyy"
    workbook.save(tmp_path / "typed.xlsx")
    found = read_sheet(tmp_path / "typed.xlsx")
    texts = [line.cells["title"] for line in found.lines]
    assert texts == ["1967-09-22", "24", "24", "0.1", "yes", "2027-01-29T17:00", "1973-04", "1973"]
    assert [line.number for line in found.lines] == list(range(2, 10))


def test_an_empty_first_sheet_and_blank_rows_are_passed_over(tmp_path: Path) -> None:
    workbook = Workbook()
    second = workbook.create_sheet("data")
    for row in ([None], ["agreement_key", "title"], [None, None], ["a", "A"], [None, "  "]):
        second.append(row)
    workbook.save(tmp_path / "two.xlsx")
    found = read_sheet(tmp_path / "two.xlsx")
    assert [(line.number, line.cells) for line in found.lines] == [(4, {"agreement_key": "a", "title": "A"})]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    found = written(tmp_path / "a.csv", 'agreement_key,note\r\na,"two\r\nlines"\r\n\r\nb,x\r\n')
    assert [(line.number, line.cells["note"]) for line in found.lines] == [(2, "two\nlines"), (5, "x")]
    declared = written(tmp_path / "b.csv", "sep=;\r\nagreement_key;note\r\na;x,y,z,w\r\n")
    assert [(line.number, line.cells["note"]) for line in declared.lines] == [(3, "x,y,z,w")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n , \n", "is empty"),
        ("header.csv", b"agreement_key,title\n", "no rows"),
        ("latin.csv", "agreement_key,title\na,x\nb,Citt\xe0\n".encode("latin-1"), "line 3 is not UTF-8"),
        ("utf16.csv", "agreement_key\na\n".encode("utf-16"), "UTF-16"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel"),
        ("text.xlsx", b"agreement_key\na\n", "not a spreadsheet"),
        ("zip.xlsx", b"PK\x03\x04nothing", "not a spreadsheet"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\x00\x00", "neither a spreadsheet"),
        ("twice.csv", b"agreement_key,title,title\na,b,c\n", "twice"),
        ("quote.csv", b'agreement_key,title\na,"b\n', "is not CSV"),
        ("text.ics", b"hello", "not a calendar"),
        ("none.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "no events"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    found = written(tmp_path / name, content)
    assert found.unusable
    assert len(found.faults) == 1
    assert said in found.faults[0].reason


def test_a_missing_file_and_a_folder_are_faults(tmp_path: Path) -> None:
    assert "no such file" in read_sheet(tmp_path / "x.csv").faults[0].reason
    assert "cannot be opened" in read_sheet(tmp_path).faults[0].reason


def test_a_faulty_row_leaves_the_others(tmp_path: Path) -> None:
    found = written(tmp_path / "a.csv", "agreement_key,title,\na,A\nb,B,,x\nc,C,y\nd,\ufffd\ne,E\n")
    assert [line.cells["agreement_key"] for line in found.lines] == ["a", "e"]
    assert [fault.line for fault in found.faults] == [3, 4, 5]
    assert not found.unusable


def test_an_error_of_a_formula_names_its_column(tmp_path: Path) -> None:
    found = written(tmp_path / "a.xlsx", as_xlsx([["agreement_key", "title"], ["a", "#N/A"], ["b", "B"]]))
    assert [(fault.line, fault.field, fault.value) for fault in found.faults] == [(2, "B", "#N/A")]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_content_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    for name in ("a.csv", "a.xlsx", "a.ics"):
        found = written(tmp_path_factory.mktemp("any") / name, content)
        assert found.lines or found.faults


def test_a_workbook_that_unpacks_without_end_is_not_unpacked(tmp_path: Path) -> None:
    content = io.BytesIO(as_xlsx([["agreement_key"], ["a"]]))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(f"xl/media/{number}", bytes(MAX_UNPACKED // 4))
    assert len(content.getvalue()) < 1024 * 1024
    [fault] = written(tmp_path / "bomb.xlsx", content.getvalue()).faults
    assert "unpacks to more than 400 MB" in fault.reason
