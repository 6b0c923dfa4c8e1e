"""Each rule of the alerts: when it speaks, how gravely, and when it is silent."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dashboard.domain.alert import Alert, Gravity
from services.dashboard.domain.alerts import find_alerts
from services.dashboard.domain.picture import Picture, clashing
from services.dashboard.domain.terms import disagree, months_later, term_end
from services.dashboard.tests.facts import (
    CLOCK,
    NOW,
    OTHER_SIDE,
    RELEASE,
    a_candidacy,
    a_collaboration,
    a_deadline,
    a_duty,
    a_mandate,
    a_membership,
    a_mission,
    a_picture,
    a_twinning,
    dated,
)
from shared.contracts.agenda import Mission


def alerts(**picture: Any) -> dict[str, Alert]:
    return {alert.rule: alert for alert in find_alerts(Picture(**picture), CLOCK)}


def confirmed(**changes: Any) -> Any:
    status = {"status": "in-force", "source": OTHER_SIDE, "as_of": "2026-01", "confirmed": True}
    return a_twinning(**{"status": status, **changes})


def test_the_same_holder_in_two_missions_at_once_is_grave() -> None:
    both = (a_mission("a", days=1, hours=5), a_mission("b", days=1.1, hours=5))
    clash = alerts(missions=both)["clash"]
    assert clash.gravity is Gravity.GRAVE
    assert clash.subjects == ("a", "b")


@pytest.mark.parametrize(
    ("change", "gravity"),
    [
        ({"status": "proposed"}, Gravity.WARN),
        ({"status": "cancelled"}, None),
        ({"holder": {"function": "Vicesindaco"}}, None),
        ({"holder": {"function": "sindaco"}}, Gravity.GRAVE),
    ],
)
def test_what_counts_as_a_clash(change: dict[str, Any], gravity: Gravity | None) -> None:
    found = alerts(missions=(a_mission("a", days=1, hours=5), a_mission("b", days=1.1, **change)))
    assert (found["clash"].gravity if "clash" in found else None) is gravity


def test_one_mission_after_the_other_is_no_clash() -> None:
    first = a_mission("a", days=1, hours=2)
    assert "clash" not in alerts(missions=(first, a_mission("b", days=1 + 2 / 24)))


def test_a_clash_that_is_over_is_history() -> None:
    assert "clash" not in alerts(missions=(a_mission("a", days=-5), a_mission("b", days=-5)))


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=14)


@given(spans)
def test_every_mission_that_overlaps_another_is_in_a_pair(found: list[tuple[int, int]]) -> None:
    missions = tuple(
        a_mission(f"m{n}", days=start / 10, hours=length) for n, (start, length) in enumerate(found)
    )

    def overlap(a: Mission, b: Mission) -> bool:
        return a is not b and a.starts_at < b.ends_at and b.starts_at < a.ends_at

    pairs = clashing(missions)
    assert all(overlap(a, b) for a, b in pairs)
    expected = {a.mission_id for a in missions if any(overlap(a, b) for b in missions)}
    assert {m.mission_id for pair in pairs for m in pair} == expected
    assert len(pairs) <= len(missions)


def test_a_mission_that_is_over_waits_to_be_closed() -> None:
    assert alerts(missions=(a_mission(days=-3),))["mission-overdue"].gravity is Gravity.WARN
    assert "mission-overdue" not in alerts(missions=(a_mission(days=-3, status="completed"),))
    assert "mission-overdue" not in alerts(missions=(a_mission(days=-0.01),)), "under way"
    assert "mission-undecided" in alerts(missions=(a_mission(days=-3, status="proposed"),))


def test_a_signing_whose_mission_was_cancelled_is_grave() -> None:
    status = {"status": "signing-scheduled", "source": RELEASE, "as_of": "2026-11", "confirmed": True}
    agreement = a_collaboration(status=status, signing={"mission_id": "m", "on": NOW + timedelta(days=9)})
    cancelled = a_mission("m", days=9, status="cancelled")
    found = alerts(agreements=(agreement,), missions=(cancelled,))
    assert found["signing-without-mission"].gravity is Gravity.GRAVE
    assert "signing-without-mission" not in alerts(agreements=(agreement,)), "an unknown mission is no error"
    past = a_collaboration(status=status, signing={"mission_id": "m", "on": NOW - timedelta(days=9)})
    assert "signing-passed" in alerts(agreements=(past,))


def test_a_passed_term_is_not_an_end() -> None:
    found = alerts(agreements=(a_collaboration(), a_collaboration("Chicago", signed=[dated("2016")])))
    assert found["term-over"].subjects == ("collaboration-chicago", "collaboration-riga")
    ended = {"status": "ended", "source": RELEASE, "as_of": "2020", "confirmed": True}
    assert "term-over" not in alerts(agreements=(a_collaboration(status=ended),))
    assert "term-over" not in alerts(agreements=(a_collaboration(renewed=[dated("2025")]),))
    assert "term-ends" in alerts(agreements=(a_collaboration(renewed=[dated("2025-02")]),))


def test_a_term_counts_from_the_last_day_that_its_date_may_mean() -> None:
    assert term_end(a_collaboration(signed=[dated("2024")])) == date(2026, 12, 31)
    assert term_end(a_twinning()) is None
    assert months_later(date(2024, 1, 31), 1) == date(2024, 2, 29)
    assert months_later(date(2024, 11, 30), 3) == date(2025, 2, 28)


def test_dates_that_one_precision_explains_do_not_disagree() -> None:
    assert not disagree((dated("1973"), dated("1973-04")))
    assert disagree((dated("1973-04"), dated("1962-06-25"), dated("1973")))
    assert disagree((dated("1969-10-21"), dated("1970-10-20")))


def test_what_the_sources_do_not_settle_is_to_be_watched() -> None:
    found = alerts(
        agreements=(
            confirmed(agreement_id="dates", signed=[dated("1969-10-21"), dated("1970-10-20")]),
            confirmed(agreement_id="kinds", kind_claims=[{"said": "partner", "source": OTHER_SIDE}]),
            confirmed(
                agreement_id="statuses",
                other_statuses=[
                    {"status": "suspended", "source": RELEASE, "as_of": "2022", "confirmed": False}
                ],
            ),
            confirmed(agreement_id="secondary", signed=[dated("1979-07-03", RELEASE)]),
            a_twinning(agreement_id="old"),
        )
    )
    assert {rule: alert.subjects for rule, alert in found.items()} == {
        "dates-disagree": ("dates",),
        "kinds-disagree": ("kinds",),
        "statuses-disagree": ("statuses",),
        "secondary-only": ("secondary",),
        "status-old": ("old",),
    }
    assert {alert.gravity for alert in found.values()} == {Gravity.WATCH}


def test_only_the_latest_mandate_of_an_office_counts() -> None:
    found = alerts(memberships=(a_membership(),))["mandate-open"]
    assert [mandate.mandate_id for mandate in found.about[1:]] == ["c40-2022"]


@pytest.mark.parametrize(
    ("until", "rule"),
    [
        ("2026-12-31", "mandate-ends"),
        ("2026-10-31", "mandate-ended"),
        ("2020", None),
        ("2027-12-31", None),
        ("2026", "mandate-ends"),
    ],
)
def test_mandates_that_end(until: str, rule: str | None) -> None:
    membership = a_membership(mandates=[a_mandate("m", since="2018", until=until)])
    assert list(alerts(memberships=(membership,))) == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("days", "rule", "gravity"),
    [
        (-20, "duty-late", Gravity.GRAVE),
        (-14, "duty-late", Gravity.WARN),
        (-1, "duty-late", Gravity.WARN),
        (0, "duty-near", Gravity.WATCH),
        (14, "duty-near", Gravity.WATCH),
        (15, None, None),
    ],
)
def test_network_duties(days: int, rule: str | None, gravity: Gravity | None) -> None:
    duty = a_duty(CLOCK.today + timedelta(days=days))
    found = alerts(memberships=(a_membership(mandates=[], duties=[duty]),))
    assert [(alert.rule, alert.gravity) for alert in found.values()] == ([(rule, gravity)] if rule else [])
    done = {**duty, "done_on": CLOCK.today}
    assert alerts(memberships=(a_membership(mandates=[], duties=[done]),)) == {}


@pytest.mark.parametrize(
    ("local", "status", "rule", "gravity"),
    [
        ("2026-11-25T17:00", "preparing", "deadline-passed", Gravity.GRAVE),
        ("2026-11-26T17:00", "preparing", "deadline-near", Gravity.GRAVE),
        ("2026-12-15T17:00", "considered", "deadline-near", Gravity.WARN),
        ("2027-02-15T17:00", "preparing", None, None),
        ("2026-11-25T17:00", "submitted", None, None),
    ],
)
def test_calls_that_close(local: str, status: str, rule: str | None, gravity: Gravity | None) -> None:
    candidacy = a_candidacy(status=status, deadline=a_deadline(local, "Europe/Brussels"))
    found = alerts(candidacies=(candidacy,))
    assert [(alert.rule, alert.gravity) for alert in found.values()] == ([(rule, gravity)] if rule else [])


def test_the_gravest_come_first_and_keys_are_stable() -> None:
    once, again = find_alerts(a_picture(), CLOCK), find_alerts(a_picture(), CLOCK)
    order = list(Gravity)
    assert [order.index(alert.gravity) for alert in once] == sorted(order.index(a.gravity) for a in once)
    assert [alert.key for alert in once] == [alert.key for alert in again]
    assert len({alert.key for alert in once}) == len(once)
