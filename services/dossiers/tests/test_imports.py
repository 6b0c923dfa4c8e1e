from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.dossiers.domain import CandidacyState, Correction, correct
from services.dossiers.imports import CandidacyImport
from services.dossiers.tests.examples import TODAY
from shared.contracts.dossiers import (
    CandidacyConsidered,
    CandidacyCorrected,
    CandidacyRegistered,
    CandidacyStatus,
    CandidacyWon,
    DeadlineMoved,
)
from shared.imports import ImportConflict, Outcome, RowProblems, decide
from shared.imports.reading import read_sheet

KIND = CandidacyImport(lambda: TODAY)
SAMPLE = Path(__file__).parents[3] / "deploy" / "sample" / "candidacies.csv"

CELLS = {
    "candidacy_key": "ema-seat-2017",
    "kind": "seat",
    "what_for": "Seat of the European Medicines Agency",
    "what_for_it": "Sede dell'Agenzia europea per i medicinali",
    "applicant": "Italy",
    "status": "lost",
    "decided_on": "2017-11-20",
    "method": "drawing of lots",
    "method_it": "sorteggio",
    "rounds": "1 | 25 points | 25 punti; 2 | 12-9-5; 3 | 13-13",
    "source": "Comune di Milano",
    "source_kind": "office",
    "as_of": "2017-11-20",
}
OPEN = {
    **{
        name: cell
        for name, cell in CELLS.items()
        if name not in {"decided_on", "method", "method_it", "rounds"}
    },
    "status": "submitted",
    "deadline": "2017-07-31 18:00:00",
    "deadline_zone": "Europe/Brussels",
}


def first(cells: dict[str, str]) -> Any:
    return decide(KIND, "ema-seat-2017", cells, None)


def imported(cells: dict[str, str]) -> CandidacyState:
    state: CandidacyState = first(cells).change.state
    return state


def again(state: CandidacyState, cells: dict[str, str], **changes: str) -> Any:
    return decide(KIND, "ema-seat-2017", {**cells, **changes}, state)


def test_a_candidacy_of_the_past_comes_with_its_rounds() -> None:
    (event,) = first(CELLS).change.events
    assert isinstance(event, CandidacyRegistered)
    outcome = event.candidacy.outcome
    assert outcome is not None
    assert [(one.number, one.result, one.result_it) for one in outcome.rounds] == [
        (1, "25 points", "25 punti"),
        (2, "12-9-5", "12-9-5"),
        (3, "13-13", "13-13"),
    ]
    assert (outcome.method, outcome.method_it, outcome.decided_on) == (
        "drawing of lots",
        "sorteggio",
        "2017-11-20",
    )


def test_a_new_one_is_considered() -> None:
    (event,) = first({**OPEN, "status": "considered"}).change.events
    assert isinstance(event, CandidacyConsidered)


def test_a_spreadsheets_deadline_is_read_in_the_issuers_zone() -> None:
    deadline = imported(OPEN).candidacy.deadline
    assert deadline is not None
    assert (deadline.local, deadline.at) == ("2017-07-31T18:00", datetime(2017, 7, 31, 16, tzinfo=UTC))


def test_a_decision_without_any_detail_is_still_one() -> None:
    cells = {
        name: CELLS[name] for name in CELLS if name not in {"decided_on", "method", "method_it", "rounds"}
    }
    assert first({**cells, "status": "finalist"}).outcome is Outcome.CREATE


@pytest.mark.parametrize(
    ("cells", "changes", "fact"),
    [
        (OPEN, {"status": "won", "decided_on": "2017-11"}, CandidacyWon),
        (OPEN, {"status": "preparing"}, CandidacyCorrected),
        (OPEN, {"deadline": "2017-08-31T18:00"}, DeadlineMoved),
        (OPEN, {"deadline_zone": "Europe/London"}, DeadlineMoved),
        (CELLS, {"rounds": "1 | 25 points | 25 punti"}, CandidacyCorrected),
        (CELLS, {"edition_year": "2017"}, CandidacyCorrected),
    ],
)
def test_one_changed_cell_is_one_event(
    cells: dict[str, str], changes: dict[str, str], fact: type[Any]
) -> None:
    decision = again(imported(cells), cells, **changes)
    (event,) = decision.change.events
    assert type(event) is fact
    assert again(decision.change.state, cells, **changes).outcome is Outcome.UNCHANGED


def test_the_same_row_in_other_words_changes_nothing() -> None:
    decision = again(imported(OPEN), OPEN, deadline="2017-07-31T18:00", status="Submitted")
    assert (decision.outcome, decision.change.events) == (Outcome.UNCHANGED, ())


def test_what_an_officer_changed_is_a_conflict_and_kept() -> None:
    state = correct(imported(CELLS), Correction(applicant="Italian Republic"), today=TODAY).state
    with pytest.raises(ImportConflict) as refused:
        again(state, CELLS, applicant="The Italian Government", edition_year="2017")
    (conflict,) = refused.value.conflicts
    assert (conflict.field, conflict.last_imported, conflict.current, conflict.new) == (
        "applicant",
        "Italy",
        "Italian Republic",
        "The Italian Government",
    )
    assert again(state, CELLS, edition_year="2017").outcome is Outcome.CHANGE


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"status": "victory"}, "status", "considered"),
        ({"kind": "office"}, "kind", "seat, event, prize"),
        ({"deadline": "2026-10-25T02:30", "deadline_zone": "Europe/Brussels"}, "deadline", "twice"),
        ({"deadline": "31/07/2017", "deadline_zone": "Europe/Brussels"}, "deadline", "2026-11-26T17:00"),
        ({"deadline": "2017-07-31T18:00", "deadline_zone": ""}, "deadline_zone", "IANA"),
        ({"deadline_zone": "Europe/Brussels"}, "deadline_zone", "without a deadline"),
        ({"decided_on": "2027"}, "outcome.decided_on", "future"),
        ({"rounds": "1 | a; 3 | b"}, "outcome.rounds", "1, 3"),
        ({"rounds": "one | a"}, "rounds", "number is not a whole number"),
        ({"edition_year": "17"}, "edition_year", "1800"),
        ({"status": "preparing"}, "outcome", "no outcome yet"),
        ({"method": "", "method_it": "sorteggio"}, "outcome.method", "both or neither"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(changes: dict[str, str], field: str, reason: str) -> None:
    with pytest.raises(RowProblems) as refused:
        first({**CELLS, **changes})
    (problem,) = refused.value.problems
    assert problem.field == field
    assert reason in problem.reason_en


def test_the_sample_register_is_accepted_row_by_row() -> None:
    sheet = read_sheet(SAMPLE)
    assert sheet.faults == ()
    statuses = []
    for line in sheet.lines:
        decision: Any = decide(KIND, line.cells["candidacy_key"], line.cells, None)
        assert decision.outcome is Outcome.CREATE
        statuses.append(decision.change.state.candidacy.status)
    assert statuses.count(CandidacyStatus.WON) == 4
