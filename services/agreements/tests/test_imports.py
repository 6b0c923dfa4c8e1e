from pathlib import Path
from typing import Any

import pytest

from services.agreements.domain import (
    AgreementState,
    Correction,
    correct,
    schedule_signing,
    suspend,
)
from services.agreements.imports import AgreementImport
from services.agreements.tests.builders import COMUNE, SIGNING, TODAY
from shared.contracts.agreements import AgreementDrafted, AgreementStatus
from shared.imports import ImportConflict, Outcome, RowProblems, decide
from shared.imports.reading import read_sheet
from shared.store import derived_id

KIND = AgreementImport(lambda: TODAY)
SAMPLE = Path(__file__).parents[3] / "deploy" / "sample" / "agreements.csv"
CELLS = {
    "agreement_key": "twinning-chicago",
    "kind": "twinning",
    "title": "Gemellaggio con Chicago",
    "counterpart": "Chicago",
    "city": "Chicago",
    "country": "US",
    "signed": "1973-04 (Comune (page) | official); 1962-06-25 (Press release | secondary)",
    "permanent": "yes",
    "status": "in-force",
    "status_source": "Comune di Milano",
    "status_source_kind": "official",
    "status_as_of": "2023-11",
    "other_statuses": "suspended 2022 (A newspaper | secondary); "
    "in-force 2021 confirmed (Chicago | counterpart)",
    "kind_claims": "sister city (Chicago | counterpart)",
}
DRAFT = {
    "agreement_key": "collaboration-lyon",
    "kind": "collaboration",
    "title": "Collaboration with Lyon",
    "counterpart": "Lyon",
    "term_months": "24",
    "status": "drafted",
    "status_source": "Area",
    "status_source_kind": "office",
    "status_as_of": "2026-11-01",
}


def first(**changes: str) -> AgreementState:
    state: AgreementState = decide(KIND, "twinning-chicago", {**CELLS, **changes}, None).change.state
    return state


def again(state: AgreementState, **changes: str) -> Any:
    return decide(KIND, "twinning-chicago", {**CELLS, **changes}, state)


def test_a_row_becomes_what_its_sources_say() -> None:
    agreement = first().agreement
    assert agreement.agreement_id == derived_id("agreement", "import", "twinning-chicago")
    assert [(entry.date, entry.source.title) for entry in agreement.signed] == [
        ("1973-04", "Comune (page)"),
        ("1962-06-25", "Press release"),
    ]
    assert agreement.counterpart.name_it == "Chicago"
    assert agreement.counterpart.place is not None
    assert agreement.counterpart.place.time_zone == "America/Chicago"
    assert [(claim.status.value, claim.confirmed) for claim in agreement.other_statuses] == [
        ("suspended", False),
        ("in-force", True),
    ]
    assert agreement.kind_claims[0].said == "sister city"
    assert not agreement.status.confirmed


def test_what_is_not_signed_yet_enters_as_a_draft() -> None:
    decision: Any = decide(KIND, "collaboration-lyon", DRAFT, None)
    assert isinstance(decision.change.events[0], AgreementDrafted)
    assert decision.change.state.agreement.counterpart.place is None


def test_one_changed_cell_is_one_correction_that_names_its_field() -> None:
    for changes, fields in (
        ({"note": "Seen"}, ("note",)),
        ({"signed": "1973-04 (Comune (page) | official)"}, ("signed",)),
        ({"counterpart_it": "Chicago (USA)"}, ("counterpart",)),
        ({"status": "suspended"}, ("status",)),
        ({"status_as_of": "2024"}, ("status",)),
    ):
        (event,) = again(first(), **changes).change.events
        assert event.fields == fields


def test_the_same_row_written_otherwise_changes_nothing() -> None:
    state = first()
    signed = "1973-04  (Comune (page)|official) ;1962-06-25 (Press release | SECONDARY);"
    same = again(state, permanent="VERO", signed=signed, sample="no")
    assert (same.outcome, same.change.state) == (Outcome.UNCHANGED, state)


def test_what_an_officer_changed_is_a_conflict_and_nothing_of_the_row_is_taken() -> None:
    state = correct(first(), Correction(note="By hand"), today=TODAY).state
    with pytest.raises(ImportConflict) as refused:
        again(state, note="By file", title="Chicago")
    (conflict,) = refused.value.conflicts
    assert (conflict.field, conflict.last_imported, conflict.current, conflict.new) == (
        "note",
        "",
        "By hand",
        "By file",
    )


def test_a_status_that_moved_on_is_not_put_back() -> None:
    state = suspend(first(), "Motion", source=COMUNE, as_of="2026", today=TODAY).state
    assert again(state, title="Chicago").change.state.status is AgreementStatus.SUSPENDED
    with pytest.raises(ImportConflict):
        again(state, status_as_of="2024")


def test_a_row_is_still_taken_while_the_signing_is_on_the_agenda() -> None:
    made: Any = decide(KIND, "collaboration-lyon", DRAFT, None)
    state = schedule_signing(made.change.state, SIGNING, today=TODAY).state
    changed: Any = decide(KIND, "collaboration-lyon", {**DRAFT, "term_months": "36"}, state)
    assert changed.change.state.agreement.signing == SIGNING


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"kind": "friendship"}, "kind"),
        ({"title": ""}, "title"),
        ({"city": "Atlantis"}, "city"),
        ({"country": ""}, "country"),
        ({"city": ""}, "country"),
        ({"country": "Narnia"}, "country"),
        ({"signed": "1973-04"}, "signed"),
        ({"signed": "1973-13 (Comune | official)"}, "signed"),
        ({"signed": "1973 (Comune | rumour)"}, "signed"),
        ({"signed": "1973 ( | official)"}, "signed"),
        ({"signed": ""}, "signed"),
        ({"signed": "2027 (Comune | official)"}, "signed"),
        ({"term_months": "0"}, "term_months"),
        ({"term_months": "24"}, "term_months"),
        ({"permanent": "perhaps"}, "permanent"),
        ({"status": "expired"}, "status"),
        ({"status_as_of": "yesterday"}, "status_as_of"),
        ({"status_as_of": "2027"}, "status_as_of"),
        ({"status_source": ""}, "status_source"),
        ({"other_statuses": "suspended (Comune | official)"}, "other_statuses"),
        ({"other_statuses": "suspended 2030 (Comune | official)"}, "other_statuses"),
        ({"kind_claims": "(Chicago | counterpart)"}, "kind_claims"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_column(changes: dict[str, str], column: str) -> None:
    with pytest.raises(RowProblems) as refused:
        first(**changes)
    assert [problem.field for problem in refused.value.problems] == [column]


def test_a_scheduled_signing_is_not_imported() -> None:
    with pytest.raises(RowProblems) as refused:
        decide(KIND, "collaboration-lyon", {**DRAFT, "status": "signing-scheduled"}, None)
    assert refused.value.problems[0].field == "status"


def test_an_unknown_column_is_a_problem() -> None:
    with pytest.raises(RowProblems) as refused:
        first(colour="red")
    assert refused.value.problems[0].field == "colour"


def test_the_sample_register_can_be_used_and_is_idempotent() -> None:
    sheet = read_sheet(SAMPLE)
    assert sheet.faults == ()
    statuses: list[AgreementStatus] = []
    for line in sheet.lines:
        key = line.cells["agreement_key"]
        made: Any = decide(KIND, key, line.cells, None)
        assert decide(KIND, key, line.cells, made.change.state).outcome is Outcome.UNCHANGED
        if line.cells["kind"] == "twinning":
            statuses.append(made.change.state.status)
    assert (len(statuses), statuses.count(AgreementStatus.SUSPENDED)) == (15, 1)
