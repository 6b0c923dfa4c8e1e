"""Nothing that somebody has typed is carried out by the spreadsheet program that opens it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.documents.csv_lines import csv_lines, safe_cell


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        '=HYPERLINK("http://example.org","click")',
        "+39 02 8845",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\u00a0=1",
        "\uff1d1",
        "\uff20SUM(A1)",
    ],
)
def test_a_formula_becomes_text(formula: str) -> None:
    assert safe_cell(formula) == f"'{formula}"


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (-5, "-5"), ("Dakar", "Dakar"), ("a=1", "a=1")])
def test_what_is_harmless_stays(value: object, cell: str) -> None:
    assert safe_cell(value) == cell


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4)))
def test_every_cell_comes_back_as_one_cell(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_lines(rows), newline=""), strict=True))
    assert read == [[safe_cell(value) for value in row] for row in rows]
    assert not any(cell[:1] in ("=", "+", "-", "@", "\t", "\r") for row in read for cell in row)
