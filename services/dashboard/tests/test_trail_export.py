"""The export: one file of all units, whole or visibly broken off."""

import csv
import gc
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dashboard.tests.test_trail import asking
from services.dashboard.tests.trail_units import COLUMNS, a_change, a_unit, changed, some_rows, the_units
from services.dashboard.trail_export import Export, records
from services.dashboard.units import Trouble, UnitFailed
from shared.testing.waiting import eventually

CELL = st.text(alphabet='ab",\r\n\u2028\x0b\x85=€', max_size=6)


async def _pieces(text: str, size: int) -> AsyncIterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


@settings(deadline=None)
@given(rows=st.lists(st.lists(CELL, min_size=2, max_size=4), max_size=8), size=st.integers(1, 20))
async def test_rows_are_found_wherever_the_pieces_end(rows: list[list[str]], size: int) -> None:
    written = []
    for row in rows:
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL).writerow(row)
        written.append(text.getvalue())
    assert [row async for row in records(_pieces("".join(written), size))] == written


async def test_all_units_are_in_one_file_newest_first() -> None:
    rows = some_rows()
    async with the_units(**{unit: a_unit(each) for unit, each in rows.items()}) as units:
        export = Export(units, asking())
        await export.begin()
        text = "".join([piece async for piece in export.pieces()])
    assert text.startswith("\ufeffat,kind")
    table = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    times = [row["at"] for row in table]
    assert times == sorted(times, reverse=True)
    assert [(row["service"], row["kind"]) for row in table][:4] == [
        ("agenda", "reading"),
        ("agenda", "change"),
        ("agreements", "change"),
        ("agenda", "refusal"),
    ]
    assert len({row["id"] for row in table}) == sum(map(len, rows.values()))
    assert tuple(table[0]) == COLUMNS


async def test_days_and_filters_hold_for_the_file_too() -> None:
    rows = some_rows()
    async with the_units(agenda=a_unit(rows["agenda"])) as units:
        export = Export(units, asking(service="agenda", until="2026-11-28", kind="change"))
        await export.begin()
        text = "".join([piece async for piece in export.pieces()])
    table = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert {row["at"][:10] for row in table} == {"2026-11-28"}


async def test_without_one_unit_there_is_no_file() -> None:
    apps = {unit: a_unit(rows) for unit, rows in some_rows().items() if unit != "networks"}
    async with the_units(**apps) as units:
        with pytest.raises(UnitFailed) as failed:
            await Export(units, asking()).begin()
    assert (failed.value.unit, failed.value.trouble) == ("networks", Trouble.AWAY)


async def test_a_unit_that_breaks_off_breaks_off_the_file() -> None:
    many = [a_change(n, timedelta(seconds=n), [changed("note", "x" * 500, None)]) for n in range(500)]
    async with the_units(agenda=a_unit(many, breaks=True)) as units:
        export = Export(units, asking(service="agenda"))
        await export.begin()
        with pytest.raises(UnitFailed):
            [piece async for piece in export.pieces()]


async def test_a_file_that_nobody_reads_leaves_no_stream_open() -> None:
    many = [a_change(n, timedelta(seconds=n), [changed("note", "x" * 500, None)]) for n in range(2000)]
    async with the_units(agenda=a_unit(many)) as units:
        export = Export(units, asking(service="agenda"))
        await export.begin()
        pool = cast("Any", units._client())._transport._pool
        assert [each.is_idle() for each in pool.connections] == [False]
        del export
        gc.collect()
        await eventually(lambda: not pool.connections or all(each.is_idle() for each in pool.connections))


async def test_what_is_no_table_is_not_taken_for_one() -> None:
    async with the_units(agenda=a_unit([{**a_change(1, timedelta()), "at": "yesterday"}])) as units:
        with pytest.raises(UnitFailed) as failed:
            await Export(units, asking(service="agenda")).begin()
    assert failed.value.trouble is Trouble.UNFIT
