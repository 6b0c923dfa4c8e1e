"""The feed in words, its filters, and what is new: the strip equals the lines above the line."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.feed_page import stretch
from services.dashboard.news import NEVER, count_news, since_when, visit_of
from services.dashboard.register import FeedEntry
from services.dashboard.render import Renderer
from services.dashboard.tests.facts import (
    MILAN,
    NOW,
    a_candidacy,
    a_deadline,
    a_frame,
    a_membership,
    a_mission,
    a_twinning,
)
from services.dashboard.tests.memory import MemoryRegister, an_entry, mixed, numbers
from services.dashboard.tests.serving import entry_numbers
from services.dashboard.views.feed import entry_view, is_grave, since_panel, wanted
from services.dashboard.views.lens import Lens
from shared.contracts.agenda import MissionCancelled
from shared.contracts.agreements import AgreementSigned
from shared.contracts.base import EventData, Unit
from shared.contracts.dossiers import DeadlineMoved
from shared.contracts.networks import MandateRecorded

IT, EN = a_frame("it"), a_frame("en")
RENDERER = Renderer(MILAN)


def moved(before: str, after: str) -> DeadlineMoved:
    zone = "Europe/Brussels"
    return DeadlineMoved.model_validate(
        {"candidacy": a_candidacy(deadline=a_deadline(after, zone)), "before": a_deadline(before, zone)}
    )


@pytest.mark.parametrize(
    ("event", "title", "text"),
    [
        (
            AgreementSigned(agreement=a_twinning(), signed_on="2026-11"),
            "Accordo firmato",
            "Lione, gemellaggio, novembre 2026",
        ),
        (
            MandateRecorded(membership=a_membership(), mandate_id="c40-2022"),
            "Mandato registrato",
            "C40, Vicepresidenza",
        ),
        (
            moved("2026-12-15T17:00", "2026-12-22T17:00"),
            "Scadenza spostata",
            "Capitale europea dell'innovazione 2027, dal mar 15 dic al mar 22 dic",
        ),
        (
            MissionCancelled(mission=a_mission(days=1, hours=24)),
            "Missione annullata",
            "Lione: mense, 27–28 nov",
        ),
    ],
)
def test_an_event_is_one_sentence(event: EventData, title: str, text: str) -> None:
    view = entry_view(an_entry(1, event), IT)
    assert (view.title, view.text) == (title, text)


def test_what_undoes_something_is_grave() -> None:
    assert is_grave(an_entry(1, MissionCancelled(mission=a_mission())))
    assert is_grave(an_entry(1, moved("2026-12-15T17:00", "2026-12-08T17:00")))
    assert not is_grave(an_entry(1, moved("2026-12-15T17:00", "2026-12-22T17:00")))


def test_an_event_that_nobody_can_read_any_more_keeps_its_place() -> None:
    view = entry_view(an_entry(1, type="ponte.agenda.mission.unheard-of.v9", data={"x": 1}), IT)
    assert (view.title, view.text, view.subject) == ("mission.unheard-of", "mission-1", "mission-1")
    broken = entry_view(an_entry(2, data={}), IT)
    assert broken.text == "mission-2"


def test_a_text_of_others_is_text() -> None:
    event = MissionCancelled(mission=a_mission(title="<script>alert(1)</script>"))
    assert "<script>" not in RENDERER.entry(an_entry(1, event), IT)


async def filled(entries: Sequence[FeedEntry]) -> MemoryRegister:
    register = MemoryRegister()
    await register.append(*entries)
    return register


async def shown(register: MemoryRegister, frame: Any, before: int | None = None) -> tuple[list[int], Any]:
    news = await count_news(register, since_when(frame.lens, NOW - timedelta(hours=20), NOW), frame.lens.unit)
    part = await stretch(register, RENDERER, frame, news, before=before)
    return entry_numbers("".join([*part.above, *part.below])), part


async def test_page_after_page_shows_every_entry_once() -> None:
    register = await filled(mixed(500))
    found: list[int] = []
    before: int | None = None
    lines = []
    while True:
        page, part = await shown(register, IT, before)
        found += page
        lines += [part.line] if part.line else []
        if not part.earlier:
            break
        before = int(re.findall(r"before=(\d+)", part.earlier)[0])
    assert found == list(range(500, 0, -1))
    assert lines == ["ultima visita, ieri 14:42"]


@pytest.mark.parametrize(
    "filters",
    [
        {"feed_unit": Unit.PARTNERSHIPS},
        {"grave": True},
        {"kinds": frozenset({"agreement.registered"})},
        {"unit": Unit.CITY, "grave": True},
        {"unit": Unit.EUROPEAN},
    ],
)
async def test_filters_find_all_that_fits_however_rare(filters: dict[str, Any]) -> None:
    register = await filled(mixed(700))
    frame = a_frame(**filters)
    found: list[int] = []
    before: int | None = None
    while True:
        page, part = await shown(register, frame, before)
        found += page
        if not part.earlier:
            break
        assert frame.lens.address().partition("?")[2] in part.earlier
        before = int(re.findall(r"before=(\d+)", part.earlier)[0])
    assert found == numbers([entry for entry in reversed(register.rows) if wanted(entry, frame)])


@given(st.integers(0, 60), st.integers(0, 1500))
async def test_the_strip_equals_the_lines_above_the_line(count: int, minutes: int) -> None:
    register = await filled(mixed(count))
    since = NOW - timedelta(days=1) + timedelta(minutes=minutes) if minutes else None
    news = await count_news(register, since, None)
    part = await stretch(register, RENDERER, IT, news, before=None)
    panel = since_panel(news.counted, since, IT)
    assert panel.total == sum(group.count for group in panel.groups)
    assert panel.total == len([row for row in register.rows if since is None or row.recorded_at > since])
    assert min(panel.total, 30) == len(part.above)
    assert len(panel.groups) <= 6


def test_the_strip_names_the_gravest_first_and_folds_the_rest() -> None:
    counted = {(f"mission.{kind}", False): 1 for kind in ("proposed", "scheduled", "completed", "corrected")}
    counted |= {("agreement.signed", False): 5, ("agreement.ended", False): 1, ("mission.cancelled", True): 1}
    panel = since_panel(Counter(counted), NOW - timedelta(hours=1), EN)
    assert [(group.count, group.label) for group in panel.groups][:2] == [
        (1, "mission cancelled"),
        (5, "agreements signed"),
    ]
    assert (panel.groups[-1].label, panel.groups[-1].count) == ("other changes", 2)
    assert panel.when == "since today 09:42, last visit"


async def test_a_reload_does_not_make_the_news_old() -> None:
    register = MemoryRegister()
    assert await visit_of(register, "p", None, NOW) is None, "never here before"
    await register.visited("p", NOW)
    assert await visit_of(register, "p", NEVER, NOW + timedelta(minutes=5)) is None, "still the first visit"
    later = NOW + timedelta(hours=3)
    assert await visit_of(register, "p", NEVER, later) == NOW, "a new visit"
    await register.visited("p", later)
    kept = NOW.isoformat()
    assert await visit_of(register, "p", kept, later + timedelta(minutes=9)) == NOW, "the same visit goes on"
    assert await visit_of(register, "p", "nonsense", later) == later
    assert await visit_of(register, "p", "2999-01-01T00:00:00+00:00", later) == later


def test_since_when() -> None:
    assert since_when(Lens("it", since="day"), None, NOW) == NOW - timedelta(days=1)
    assert since_when(Lens("it", since="week"), NOW, NOW) == NOW - timedelta(days=7)
    assert since_when(Lens("it"), NOW, NOW) == NOW
