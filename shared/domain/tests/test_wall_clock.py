from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import ImpossibleValue
from shared.domain.wall_clock import moment, zone

wall = datetime.fromisoformat
ZONES = (
    "Europe/Brussels",
    "Europe/Rome",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Seoul",
    "Africa/Casablanca",
)


def test_a_plain_time_is_that_moment() -> None:
    assert moment(wall("2026-11-26T17:00"), "Europe/Brussels") == datetime(2026, 11, 26, 16, tzinfo=UTC)
    assert moment(wall("2027-02-15T18:00"), "Asia/Seoul") == datetime(2027, 2, 15, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "time_zone", "rule"),
    [
        (wall("2026-03-29T02:30"), "Europe/Brussels", "never show this time"),
        (wall("2026-10-25T02:30"), "Europe/Brussels", "show this time twice"),
        (wall("2026-10-25T02:00"), "Europe/Brussels", "show this time twice"),
        (wall("2026-04-05T01:45"), "Australia/Lord_Howe", "show this time twice"),
    ],
)
def test_a_time_that_no_clock_shows_once_is_refused_with_the_rule(
    local: datetime, time_zone: str, rule: str
) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        moment(local, time_zone, field="deadline.local")
    assert refused.value.field == "deadline.local"
    assert rule in refused.value.text("en")
    assert time_zone in refused.value.text("it")


def test_the_edges_of_the_change_are_clear() -> None:
    assert moment(wall("2026-03-29T03:00"), "Europe/Brussels") == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment(wall("2026-10-25T03:00"), "Europe/Brussels") == datetime(2026, 10, 25, 2, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../../etc/passwd", "/etc/passwd", "\0", "Europe"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        zone(name)
    assert refused.value.field == "time_zone"
    assert refused.value.value == name


@given(st.datetimes(wall("1980-01-01T00:00"), wall("2100-01-01T00:00")), st.sampled_from(ZONES))
def test_a_moment_shows_the_very_same_wall_clock_time(local: datetime, time_zone: str) -> None:
    try:
        found = moment(local, time_zone)
    except ImpossibleValue:
        return
    assert found.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None) == local
