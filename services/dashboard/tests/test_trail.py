"""The trail of all units as one list: nothing is missing, nothing is twice, the newest comes first."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dashboard.tests.trail_units import NOW, Row, a_change, a_unit, some_rows, the_units
from services.dashboard.trail import Place, Question, look
from services.dashboard.units import Bearer, Trouble, Units
from services.dashboard.views.audit_search import SERVICES, Search

ROME = ZoneInfo("Europe/Rome")


def asking(**filters: str) -> Question:
    return Question(Search.parse(filters), Bearer("a-token"), ROME)


class Shelf(Units):
    """Units without a network: hundreds of pages of entries of the very same time in a moment."""

    def __init__(self, rows: Mapping[str, list[Row]]) -> None:
        super().__init__(dict.fromkeys(rows, "http://unit.test"))
        self.rows = rows

    async def get(self, unit: str, path: str, params: Mapping[str, str], bearer: Bearer) -> dict[str, Any]:
        until = params.get("until", "~")
        items = [row for row in self.rows[unit] if row["at"] < until]
        start = int(params.get("after", 0))
        end = start + int(params["limit"])
        return {"items": items[start:end], "next": str(end) if len(items) > end else None}


def stored(counts: Mapping[str, list[int]]) -> dict[str, list[Row]]:
    """Entries by unit, at so many milliseconds before now; many share one."""
    return {
        unit: [
            a_change(number, timedelta(milliseconds=ago), subject=f"{unit}-1")
            for number, ago in enumerate(sorted(counts[unit]))
        ]
        for unit in SERVICES
    }


async def all_pages(units: Units, length: int) -> list[list[str]]:
    pages: list[list[str]] = []
    before: Place | None = None
    while True:
        found = await look(units, asking(), before=before, length=length)
        assert not found.failed
        pages.append([f"{entry.service} {entry.id}" for entry in found.entries])
        if found.earlier is None:
            return pages
        before = Place.parse(str(found.earlier))
        assert before == found.earlier


@settings(deadline=None, max_examples=80)
@given(
    counts=st.fixed_dictionaries({unit: st.lists(st.integers(0, 6), max_size=30) for unit in SERVICES}),
    length=st.integers(1, 9),
)
def test_page_by_page_the_whole_trail_comes_once_and_in_order(
    counts: dict[str, list[int]], length: int
) -> None:
    rows = stored(counts)
    pages = asyncio.run(all_pages(Shelf(rows), length))
    everything = sorted(
        ((unit, row) for unit in SERVICES for row in rows[unit]), key=lambda each: each[1]["at"], reverse=True
    )
    assert [one for page in pages for one in page] == [f"{unit} {row['id']}" for unit, row in everything]
    assert all(len(page) == length for page in pages[:-1])


async def test_more_entries_of_one_time_than_a_unit_gives_at_once() -> None:
    rows = stored({unit: [5] * 450 for unit in SERVICES})
    pages = await all_pages(Shelf(rows), 50)
    assert len(pages) == 45
    assert len({one for page in pages for one in page}) == 2250


async def test_what_comes_in_meanwhile_moves_no_page() -> None:
    rows = stored({unit: list(range(6)) for unit in SERVICES})
    first = await look(Shelf(rows), asking(), before=None, length=10)
    rows["agenda"].insert(0, a_change(99, timedelta(seconds=-1), subject="new"))
    second = await look(Shelf(rows), asking(), before=first.earlier, length=10)
    seen = [f"{entry.service} {entry.id}" for entry in (*first.entries, *second.entries)]
    assert len(seen) == len(set(seen)) == 20
    assert "agenda new/1/99" not in seen


async def test_one_unit_that_is_away_takes_only_its_own_part_from_the_list() -> None:
    rows = some_rows()
    async with the_units(
        agenda=a_unit(rows["agenda"]), agreements=a_unit([], status=429), networks=a_unit([], status=403)
    ) as units:
        found = await look(units, asking(), before=None)
    assert {(failed.unit, failed.trouble) for failed in found.failed} == {
        ("agreements", Trouble.BUSY),
        ("networks", Trouble.FORBIDDEN),
        ("dossiers", Trouble.AWAY),
        ("dashboard", Trouble.AWAY),
    }
    assert [entry.service for entry in found.entries] == ["agenda"] * 6
    assert not found.nobody_answered


@pytest.mark.parametrize(
    "rows", ["no list", [1], [{"id": "x"}], [{**a_change(1, timedelta()), "kind": "new"}]]
)
async def test_what_is_no_trail_is_not_taken_for_one(rows: Any) -> None:
    class Other(Shelf):
        async def get(self, *_: Any, **__: Any) -> dict[str, Any]:
            return {"items": rows}

    found = await look(Other({}), asking(service="agenda"), before=None)
    assert [failed.trouble for failed in found.failed] == [Trouble.UNFIT]
    assert found.nobody_answered


async def test_filters_reach_the_units_and_only_the_one_that_is_meant() -> None:
    rows = some_rows()
    agenda, networks = a_unit(rows["agenda"]), a_unit(rows["networks"])
    async with the_units(agenda=agenda, networks=networks) as units:
        asked = asking(service="agenda", kind="refusal", actor="local-auditor", since="2026-11-29")
        found = await look(units, asked, before=None)
    assert [entry.kind for entry in found.entries] == ["refusal"]
    assert networks.state.asked == []
    assert agenda.state.asked == [
        {"kind": "refusal", "actor": "local-auditor", "since": "2026-11-28T23:00:00.000Z", "limit": "51"}
    ]


def test_days_are_the_citys_also_when_the_clocks_change() -> None:
    search = Search.parse({"since": "2026-10-25", "until": "2026-10-25"})
    begins, ends = search.begins(ROME), search.ends(ROME)
    assert begins
    assert ends
    assert ends.astimezone(UTC) - begins.astimezone(UTC) == timedelta(hours=25)
    question = Question(search, Bearer("t"), ROME)
    assert question.fits(begins)
    assert not question.fits(ends)
    earlier = search.params(ROME, datetime(2026, 10, 25, 12, tzinfo=UTC))
    assert earlier["until"] == "2026-10-25T12:00:00.000Z"
    assert search.params(ROME, NOW)["until"] == "2026-10-25T23:00:00.000Z"


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"since": "yesterday"}, {"since": "day"}),
        ({"until": "2026-02-30"}, {"until": "day"}),
        ({"until": "9999-12-31"}, {"until": "day"}),
        ({"since": "2026-11-02", "until": "2026-11-01"}, {"until": "order"}),
        ({"actor": "a\x00b", "subject": "x" * 81}, {"actor": "word", "subject": "word"}),
        ({"service": "relations", "kind": "anything", "actor": " anna "}, {}),
    ],
)
def test_an_impossible_search_names_its_fields(query: dict[str, str], wrong: dict[str, str]) -> None:
    search = Search.parse(query)
    assert search.wrong == wrong
    assert (search.service, search.kind) == ("", "")


def test_the_address_holds_the_search() -> None:
    search = Search.parse({"actor": "a&b=c/ü", "since": "2026-11-01", "kind": "reading", "lang": "it"})
    assert search.address() == "/audit?actor=a%26b%3Dc%2F%C3%BC&kind=reading&since=2026-11-01"
    assert search.address(kind="", since=None) == "/audit?actor=a%26b%3Dc%2F%C3%BC"
    assert search.since == date(2026, 11, 1)
    assert Search.parse({}).address("/audit/export") == "/audit/export"


@pytest.mark.parametrize(
    "text", ["", "x", "2026-11-29~agenda~m", "2026-11-29T09:00:00Z~mayor~m", "2026-11-29T09:00:00Z~agenda~"]
)
def test_what_is_no_place_is_none(text: str) -> None:
    assert Place.parse(text) is None
