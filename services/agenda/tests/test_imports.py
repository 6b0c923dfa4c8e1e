from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.agenda.domain import Correction, MissionState, cancel, correct, reschedule
from services.agenda.imports import MissionImport
from services.agenda.tests.builders import leg
from shared.contracts.agenda import MissionStatus
from shared.imports import ImportConflict, Outcome, RowProblems, decide
from shared.imports.reading import read_sheet
from shared.store import derived_id

KIND = MissionImport()
SAMPLE = Path(__file__).parents[3] / "deploy" / "sample" / "missions.ics"
CELLS = {
    "uid": "m1@ponte",
    "summary": "Signing in Lyon",
    "starts_at": "2027-03-04T09:30",
    "ends_at": "2027-03-05T18:00",
    "time_zone": "Europe/Rome",
    "location": "Lyon, FR",
    "organizer": "Mayor | Maria Bianchi",
    "attendees": "Councillor; Head of protocol | Ugo Neri",
    "categories": "sign-agreement",
    "agreement_key": "collaboration-lyon",
    "description": "Bring the gift",
}


def first(**changes: str) -> Any:
    return decide(KIND, "m1@ponte", {**CELLS, **changes}, None)


def again(state: MissionState, **changes: str) -> Any:
    return decide(KIND, "m1@ponte", {**CELLS, **changes}, state)


def kinds(decision: Any) -> list[str]:
    return [event.TYPE.split(".")[-2] for event in decision.change.events]


def test_an_event_of_a_calendar_becomes_a_scheduled_mission() -> None:
    decision = first()
    state = decision.change.state
    assert (decision.outcome, kinds(decision)) == (Outcome.CREATE, ["proposed", "scheduled"])
    assert state.mission_id == derived_id("mission", "import", "m1@ponte")
    assert state.agreement_id == derived_id("agreement", "import", "collaboration-lyon")
    assert state.starts_at.isoformat() == "2027-03-04T08:30:00+00:00"
    assert [(one.function, one.name) for one in state.delegation] == [
        ("Councillor", None),
        ("Head of protocol", "Ugo Neri"),
    ]
    assert state.imported == CELLS
    assert "Bring the gift" not in decision.change.events[-1].model_dump_json()


@pytest.mark.parametrize(
    ("status", "expected"),
    [("TENTATIVE", ["proposed"]), ("", ["proposed", "scheduled"]), ("CANCELLED", ["proposed", "cancelled"])],
)
def test_the_status_says_how_far_it_is(status: str, expected: list[str]) -> None:
    assert kinds(first(status=status)) == expected


def test_a_day_without_a_time_lasts_until_the_next_midnight_of_the_place() -> None:
    state = first(starts_at="2027-03-04", ends_at="2027-03-05", time_zone="").change.state
    assert state.starts_at.isoformat() == "2027-03-03T23:00:00+00:00"
    assert (state.ends_at - state.starts_at).total_seconds() == 86_400


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"summary": "Lyon"}, ["corrected"]),
        ({"organizer": "Mayor"}, ["corrected"]),
        ({"description": ""}, ["corrected"]),
        ({"ends_at": "2027-03-05T19:00"}, ["rescheduled"]),
        ({"location": "Paris, FR"}, ["rescheduled"]),
        ({"status": "CANCELLED"}, ["cancelled"]),
        ({"agreement_key": "", "categories": "meeting"}, ["corrected"]),
        ({"summary": "Lyon", "starts_at": "2027-03-04T10:00"}, ["corrected", "rescheduled"]),
    ],
)
def test_what_changed_in_the_row_is_told_by_its_own_event(
    changes: dict[str, str], expected: list[str]
) -> None:
    decision = again(first().change.state, **changes)
    assert (decision.outcome, kinds(decision)) == (Outcome.CHANGE, expected)


def test_the_same_row_written_otherwise_changes_nothing() -> None:
    state = first().change.state
    assert again(state).outcome is Outcome.UNCHANGED
    same = again(state, reserved="no", status="CONFIRMED", attendees="Councillor;Head of protocol|Ugo Neri;")
    assert (same.outcome, same.change.state) == (Outcome.UNCHANGED, state)


def test_a_tentative_mission_is_scheduled_when_the_calendar_confirms_it() -> None:
    state = first(status="TENTATIVE").change.state
    decision = again(state, status="CONFIRMED")
    assert (kinds(decision), decision.change.state.status) == (["scheduled"], MissionStatus.SCHEDULED)


@pytest.mark.parametrize(
    ("change", "cells", "field"),
    [
        (lambda state: correct(state, Correction(title="By hand")), {"summary": "Lyon"}, "title"),
        (lambda state: reschedule(state, (leg(3),)), {"starts_at": "2027-03-04T10:00"}, "legs"),
        (lambda state: cancel(state, "Strike"), {"status": "TENTATIVE"}, "status"),
    ],
)
def test_what_an_officer_changed_is_a_conflict(
    change: Callable[[MissionState], Any], cells: dict[str, str], field: str
) -> None:
    state = change(first().change.state).state
    with pytest.raises(ImportConflict) as refused:
        again(state, **cells)
    assert [conflict.field for conflict in refused.value.conflicts] == [field]


def test_another_cell_than_the_officers_is_still_taken() -> None:
    state = correct(first().change.state, Correction(title="By hand")).state
    assert again(state, organizer="Mayor").change.state.title == "By hand"


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"location": "Atlantis"}, "location"),
        ({"location": "Birmingham"}, "location"),
        ({"location": "Lyon, Narnia"}, "location"),
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"starts_at": "2027-03-28T02:30"}, "starts_at"),
        ({"ends_at": "2027-03-04T09:30"}, "ends_at"),
        ({"status": "MAYBE"}, "status"),
        ({"organizer": "| Maria Bianchi"}, "organizer"),
        ({"categories": "holiday"}, "categories"),
        ({"agreement_key": ""}, "agreement_key"),
        ({"categories": "meeting"}, "agreement_key"),
        ({"reserved": "perhaps"}, "reserved"),
        ({"agreement_key": "not a key"}, "agreement_key"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_column(changes: dict[str, str], column: str) -> None:
    with pytest.raises(RowProblems) as refused:
        first(**changes)
    assert [problem.field for problem in refused.value.problems] == [column]


def test_every_problem_of_a_row_is_told_at_once() -> None:
    with pytest.raises(RowProblems) as refused:
        first(location="Atlantis", categories="holiday", ends_at="late", organizer="")
    found = {problem.field for problem in refused.value.problems}
    assert found == {"location", "categories", "ends_at", "organizer"}


def test_a_calendar_does_not_bring_a_cancelled_mission_back() -> None:
    state = first(status="CANCELLED").change.state
    with pytest.raises(RowProblems) as refused:
        again(state, status="CONFIRMED")
    assert refused.value.problems[0].field == "status"


def test_the_sample_calendar_can_be_used_and_is_idempotent() -> None:
    sheet = read_sheet(SAMPLE)
    assert sheet.faults == ()
    for line in sheet.lines:
        key = line.cells["uid"]
        made: Any = decide(KIND, key, line.cells, None)
        assert made.change.state.sample
        assert decide(KIND, key, line.cells, made.change.state).outcome is Outcome.UNCHANGED
