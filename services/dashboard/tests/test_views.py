"""The view-models: today, lanes, agreements, networks, candidacies, figures, filters."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.domain.picture import Picture
from services.dashboard.tests.facts import (
    NOW,
    OTHER_SIDE,
    PLACES,
    RELEASE,
    a_candidacy,
    a_collaboration,
    a_deadline,
    a_duty,
    a_frame,
    a_membership,
    a_mission,
    a_picture,
    a_twinning,
    dated,
    ema,
)
from services.dashboard.views.agenda import today_panel
from services.dashboard.views.agreements import agreements_panel
from services.dashboard.views.alerts import alerts_panel
from services.dashboard.views.candidacies import candidacies_panel
from services.dashboard.views.figures import units_panel
from services.dashboard.views.lens import Lens
from services.dashboard.views.networks import networks_panel
from services.dashboard.views.weeks import weeks_panel
from shared.contracts.base import Unit

IT, EN = a_frame("it"), a_frame("en")


def test_today_hour_by_hour_with_the_line_of_now() -> None:
    legs = [
        {"place": PLACES["Daegu"], "starts_at": NOW + timedelta(hours=5), "ends_at": NOW + timedelta(hours=6)}
    ]
    picture = Picture(
        missions=(
            a_mission("done", days=-0.1, hours=1, status="completed"),
            a_mission("now", days=-0.01, hours=3, holder={"function": "Vicesindaco"}),
            a_mission("later", days=5 / 24, hours=1, legs=legs),
        )
    )
    panel = today_panel(picture, IT)
    assert [(stop.key, stop.state) for stop in panel.stops] == [
        ("done", "done"),
        ("now", "running"),
        ("now", "now"),
        ("later", ""),
    ]
    assert panel.count == 3
    assert panel.stops[2].hours == "ora 10:42"
    assert (panel.stops[3].hours, panel.stops[3].there) == ("15:42–16:42", "23:42 a Daegu")


def test_where_nothing_is_today_the_next_days_are_shown() -> None:
    candidacy = a_candidacy(deadline=a_deadline("2026-12-01T18:00", "Asia/Seoul"))
    duties = [a_duty(date(2026, 12, 1))]
    picture = Picture(
        missions=(a_mission(days=2),),
        candidacies=(candidacy,),
        memberships=(a_membership(duties=duties),),
    )
    panel = today_panel(picture, IT)
    assert panel.count == 0
    assert [(stop.day, stop.hours) for stop in panel.stops] == [
        ("sab 28 nov", "10:42–12:42"),
        ("mar 1 dic", "10:00"),
        ("", "in giornata"),
    ]
    assert panel.stops[1].there == "18:00 a Seul"


def test_a_long_mission_says_until_when_and_cancelled_ones_are_gone() -> None:
    missions = (a_mission("long", days=-1, hours=72, legs=()), a_mission("off", status="cancelled"))
    stops = [stop for stop in today_panel(Picture(missions=missions), IT).stops if not stop.now]
    assert [(stop.hours, stop.meta) for stop in stops] == [("tutto il giorno", "Sindaco, fino al 28 nov")]


def test_a_reserved_mission_is_only_busy() -> None:
    picture = Picture(missions=(a_mission(reserved=True, title=None, legs=(), purpose=None),))
    assert today_panel(picture, EN).stops[0].title == "Busy"
    assert weeks_panel(picture, EN).lanes[0].bars[0].tone == "busy"


missions = st.lists(
    st.tuples(st.integers(-5, 20), st.integers(1, 200), st.sampled_from(["Sindaco", "Vicesindaco"])),
    max_size=12,
)


@given(missions, st.sampled_from([7, 14, 28]))
def test_no_bar_lies_upon_another(found: list[tuple[int, int, str]], days: int) -> None:
    picture = Picture(
        missions=tuple(
            a_mission(f"m{n}", days=start, hours=length, holder={"function": who})
            for n, (start, length, who) in enumerate(found)
        )
    )
    panel = weeks_panel(picture, a_frame(days=days))
    for lane in panel.lanes:
        taken = [(bar.row, bar.start + n) for bar in lane.bars for n in range(bar.span)]
        assert len(taken) == len(set(taken))
        assert all(1 <= column <= days for _, column in taken)
    assert {bar.key for lane in panel.lanes for bar in lane.bars} == {
        mission.mission_id
        for mission in picture.missions
        if IT.clock.day(mission.ends_at) >= IT.clock.today
        and IT.clock.day(mission.starts_at) < IT.clock.today + timedelta(days=days)
    }


def test_the_lanes_name_milan_s_holidays_and_do_not_invent_others() -> None:
    panel = weeks_panel(Picture(), IT)
    assert panel.holidays == "7 Sant'Ambrogio, 8 Immacolata Concezione"
    assert [column.day for column in panel.columns if column.holiday] == ["7", "8"]
    assert weeks_panel(Picture(), EN).holidays.startswith("7 Saint Ambrose")


def test_the_mayor_stands_before_his_deputy_and_overdue_missions_have_a_place() -> None:
    holders = ("Portavoce", "Vicesindaco", "Sindaco")
    found = tuple(a_mission(f"m{n}", days=n, holder={"function": who}) for n, who in enumerate(holders))
    panel = weeks_panel(Picture(missions=(*found, a_mission("late", days=-30))), IT)
    assert [lane.name for lane in panel.lanes] == ["Sindaco", "Vicesindaco", "Portavoce"]
    assert [item.anchor for item in panel.late] == ["s-late"]


def test_an_unconfirmed_status_is_never_plainly_in_force() -> None:
    row = agreements_panel((a_twinning(),), IT).groups[0].rows[0]
    assert (row.status, row.confirmed, row.as_of, row.tone) == ("in vigore", False, "14 gen 2009", "")
    claim = {"status": "in-force", "source": OTHER_SIDE, "as_of": "2025-10", "confirmed": True}
    row = agreements_panel((a_twinning(status=claim),), IT).groups[0].rows[0]
    assert (row.confirmed, row.as_of, row.tone) == (True, "ott 2025", "ok")


def test_every_source_s_date_stays_and_a_passed_term_has_its_own_words() -> None:
    both = a_twinning("Frankfurt", signed=[dated("1969-10-21", RELEASE), dated("1970-10-20", OTHER_SIDE)])
    panel = agreements_panel((both, a_collaboration()), IT)
    assert [group.name for group in panel.groups] == ["Germania", "Lettonia"]
    frankfurt, riga = panel.groups[0].rows[0], panel.groups[1].rows[0]
    assert [(line.date, line.secondary) for line in frankfurt.dates] == [
        ("21 ottobre 1969", True),
        ("20 ottobre 1970", False),
    ]
    assert frankfurt.disagree
    assert riga.status == "termine trascorso, rinnovo sconosciuto"
    assert riga.extra == ["durata 2 anni"]


def test_the_sentence_above_the_table_counts_what_stands() -> None:
    suspended = {"status": "suspended", "source": RELEASE, "as_of": "2012-11-22", "confirmed": True}
    found = (
        a_twinning(),
        a_twinning("Dakar"),
        a_twinning("Saint Petersburg", status=suspended),
        a_collaboration(),
    )
    assert agreements_panel(found, IT).summary == [
        "3 gemellaggi: 2 né sospesi né cessati, 1 sospeso",
        "1 accordo di collaborazione: 1 con termine trascorso e rinnovo sconosciuto",
    ]
    assert agreements_panel(found, EN).summary[0] == "3 twinnings: 2 neither suspended nor ended, 1 suspended"


def test_who_sits_where_and_what_is_unknown() -> None:
    network = networks_panel((a_membership(duties=[a_duty(date(2026, 11, 20))]),), EN)[0]
    assert [(seat.holder, seat.since, seat.until, seat.former) for seat in network.seats] == [
        ("Mayor of Milan", "2022", "", False),
        ("Mayor of Milan", "2016", "", True),
    ]
    assert (network.since, network.dues[0].note, network.dues[0].late) == ("", "6 days late", True)


@pytest.mark.parametrize(
    ("local", "zone", "day", "time", "here"),
    [
        ("2026-12-15T17:00", "Europe/Brussels", "mar 15 dic", "17:00 Bruxelles", ""),
        ("2027-02-15T18:00", "Asia/Seoul", "lun 15 feb 2027", "18:00 Seul", "10:00 Milano"),
        ("2026-12-15T23:59", "America/New_York", "mar 15 dic", "23:59 New York", "mer 16 dic 05:59 Milano"),
    ],
)
def test_a_call_closes_on_its_issuer_s_clock(local: str, zone: str, day: str, time: str, here: str) -> None:
    row = candidacies_panel((a_candidacy(deadline=a_deadline(local, zone)),), IT).open[0]
    assert (row.day, row.time, row.here) == (day, time, here)
    assert row.what == "Capitale europea dell'innovazione 2027"


def test_an_outcome_names_its_method_and_rounds() -> None:
    panel = candidacies_panel((ema(),), IT)
    row = panel.ended[0]
    assert (row.outcome, row.method, row.rounds[2]) == ("persa", "al sorteggio", "13–13")
    assert panel.tally == "1 persa"


def test_every_alert_has_words_in_both_languages_and_one_place_to_go() -> None:
    for frame in (IT, EN):
        groups = alerts_panel(a_picture(), frame)
        assert [group.gravity for group in groups] == ["grave", "warn", "watch"]
        for line in (line for group in groups for line in group.lines):
            assert line.title
            assert line.href.startswith("#")
            assert "{" not in line.title + line.foot


def test_figures_count_and_say_when_a_count_has_no_date() -> None:
    counts = [{"what": "Cities", "what_it": "Città", "value": 330, "at_least": True, "source": RELEASE}]
    picture = Picture(
        agreements=(a_twinning(), a_collaboration()),
        missions=(a_mission(days=-0.01), a_mission("b", days=3)),
        memberships=(a_membership(counts=counts),),
        candidacies=(a_candidacy(), ema()),
    )
    city, european, partnerships = units_panel(picture, IT)
    assert {figure.what: figure.value for figure in city.figures}["Missioni in corso"] == "1"
    assert european.figures == []
    counted = partnerships.figures[0]
    assert (counted.value, counted.undated) == ("330+", True)
    assert [unit.code for unit in units_panel(picture, a_frame(unit=Unit.EUROPEAN))] == ["u-eu"]


lenses = st.builds(
    Lens,
    language=st.just("it"),
    unit=st.none() | st.sampled_from(Unit),
    days=st.sampled_from([7, 14, 28]),
    since=st.sampled_from(["visit", "day", "week"]),
    feed_unit=st.none() | st.sampled_from(Unit),
    kinds=st.frozensets(st.sampled_from(["mission.scheduled", "agreement.signed"])),
    grave=st.booleans(),
)


@given(lenses)
def test_an_address_gives_back_its_filters(lens: Lens) -> None:
    query = dict(part.split("=") for part in lens.address().partition("?")[2].split("&") if part)
    assert Lens.parse("it", query) == lens


@given(st.dictionaries(st.sampled_from(["unit", "days", "since", "feed", "kind", "grave"]), st.text()))
def test_a_foreign_address_is_read_as_if_nothing_had_been_asked(query: dict[str, Any]) -> None:
    lens = Lens.parse("it", query)
    assert lens.unit in {None, *Unit}
    assert lens.days in {7, 14, 28}
