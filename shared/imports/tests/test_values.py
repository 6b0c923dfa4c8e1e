from datetime import date
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imports.spec import RowProblems
from shared.imports.values import (
    RowReader,
    Unreadable,
    day,
    flag,
    identifier,
    listed,
    one_of,
    optional,
    or_else,
    part,
    partial_date,
    parts,
    text,
    whole_number,
)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("parse", "cell", "value"),
    [
        (text(), "Lyon", "Lyon"),
        (optional(text()), "", None),
        (or_else(text(), "x"), "", "x"),
        (identifier, "twinning-lyon.1", "twinning-lyon.1"),
        (one_of(Colour), "Red", Colour.RED),
        (flag, "", False),
        (flag, "SÌ", True),
        (flag, "No", False),
        (whole_number(1, 12), "012", 12),
        (partial_date, "1973", "1973"),
        (partial_date, "1973-04-12", "1973-04-12"),
        (day, "2026-12-31", date(2026, 12, 31)),
        (listed(whole_number(0, 9)), " 1;2 ;; 3;", (1, 2, 3)),
        (listed(text()), "", ()),
    ],
)
def test_what_a_cell_means(parse: Any, cell: str, value: object) -> None:
    assert parse(cell) == value


@pytest.mark.parametrize(
    ("parse", "cell"),
    [
        (text(), ""),
        (text(3), "Lyon"),
        (identifier, "twinning lyon"),
        (identifier, "-x"),
        (one_of(Colour), "green"),
        (flag, "perhaps"),
        (whole_number(1, 12), "13"),
        (whole_number(1, 12), "1.0"),
        (whole_number(1, 12), "١"),
        (partial_date, "1973-13"),
        (partial_date, "12/04/1973"),
        (partial_date, "1973-4"),
        (day, "2026-02-30"),
        (day, "20261231"),
    ],
)
def test_what_no_cell_may_say(parse: Any, cell: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse(cell)
    assert refused.value.en
    assert refused.value.it


def test_the_parts_of_an_item() -> None:
    found = parts("1 | 25 points", ("number", "result", "result_it"), ("number",))
    assert found == {"number": "1", "result": "25 points", "result_it": ""}
    with pytest.raises(Unreadable, match="number is not a whole number"):
        part({"number": "one"}, "number", whole_number(0, 9))
    with pytest.raises(Unreadable, match="lacks: number"):
        parts(" | x", ("number", "result"), ("number",))
    with pytest.raises(Unreadable, match="3 parts"):
        parts("1 | 2 | 3", ("number", "result"), ())


def test_all_problems_of_a_row_come_at_once() -> None:
    row = RowReader({"kind": "green", "count": "x", "name": "fine"})
    row.read("kind", one_of(Colour))
    row.read("count", whole_number(0, 9))
    assert row.read("name", text()) == "fine"
    row.refuse("name", "does not go with the rest", "non va con il resto")
    with pytest.raises(RowProblems) as refused:
        row.check()
    assert [(problem.field, problem.value) for problem in refused.value.problems] == [
        ("kind", "green"),
        ("count", "x"),
        ("name", "fine"),
    ]


@given(st.text(max_size=40))
def test_no_text_breaks_a_parser(cell: str) -> None:
    for parse in (identifier, flag, partial_date, day, whole_number(0, 99), one_of(Colour), text(20)):
        try:
            parse(cell)
        except Unreadable:
            continue
