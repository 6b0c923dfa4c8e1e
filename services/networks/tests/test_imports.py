from pathlib import Path
from typing import Any

import pytest

from services.networks.domain import Correction, MembershipState, correct, end_mandate, mark_duty_done
from services.networks.imports import MembershipImport
from services.networks.tests.examples import TODAY
from shared.contracts.networks import (
    DutyDone,
    DutySet,
    MandateEnded,
    MandateRecorded,
    Membership,
    MembershipCorrected,
    MembershipRegistered,
)
from shared.imports import ImportConflict, Outcome, RowProblems, decide
from shared.imports.reading import read_sheet

KIND = MembershipImport(lambda: TODAY)
SAMPLE = Path(__file__).parents[3] / "deploy" / "sample" / "networks.csv"

CHAIR = (
    "chair-2022 | Chair | Presidente | Mobility group | Gruppo mobilità | Councillor | Ada Bianchi "
    "| 2022 | {until} | 2023 | Comune | official"
)
FEE = "fee-2026 | Annual fee | Quota annuale | 2026-12-31 | {done}"
CELLS = {
    "membership_key": "eurocities",
    "network": "EUROCITIES",
    "unit": "european",
    "role": "founder",
    "since": "1986",
    "mandates": CHAIR.format(until=""),
    "duties": FEE.format(done=""),
    "counts": "Member cities | Città aderenti | 200+ | | Comune | official",
    "source": "Comune di Milano",
    "source_kind": "official",
    "as_of": "2023-11-27",
}


def imported(**changes: str) -> MembershipState:
    state: MembershipState = decide(KIND, "eurocities", {**CELLS, **changes}, None).change.state
    return state


def again(state: MembershipState, **changes: str) -> Any:
    return decide(KIND, "eurocities", {**CELLS, **changes}, state)


def test_a_row_becomes_a_membership_with_all_its_parts() -> None:
    decision: Any = decide(KIND, "eurocities", CELLS, None)
    assert decision.outcome is Outcome.CREATE
    (event,) = decision.change.events
    assert isinstance(event, MembershipRegistered)
    membership = event.membership
    assert membership.network_it == "EUROCITIES"
    (mandate,) = membership.mandates
    assert (mandate.mandate_id, mandate.holder.name, mandate.since, mandate.until) == (
        "chair-2022",
        "Ada Bianchi",
        "2022",
        None,
    )
    (count,) = membership.counts
    assert (count.value, count.at_least, count.as_of) == (200, True, None)
    assert "imported" not in Membership.model_fields


def test_the_same_row_in_other_words_changes_nothing() -> None:
    decision = again(imported(), unit="European", mandates=CHAIR.format(until="").replace(" | ", "|") + " ; ")
    assert (decision.outcome, decision.change.events) == (Outcome.UNCHANGED, ())


TWO_CHAIRS = (
    f"{CHAIR.format(until='2024')}; v | Vice-chair | | Mobility group | | Councillor | Bo Neri "
    "| 2022 | | 2023 | Comune | official"
)


@pytest.mark.parametrize(
    ("changes", "fact"),
    [
        ({"mandates": CHAIR.format(until="2024-03")}, MandateEnded),
        ({"mandates": TWO_CHAIRS.replace("2024", "")}, MandateRecorded),
        ({"mandates": TWO_CHAIRS}, MembershipCorrected),
        ({"mandates": ""}, MembershipCorrected),
        ({"duties": FEE.format(done="2026-11-20")}, DutyDone),
        ({"duties": f"{FEE.format(done='')}; report | Report | | 2027-01-31"}, DutySet),
        ({"duties": FEE.format(done="").replace("2026-12-31", "2026-12-15")}, MembershipCorrected),
        ({"since": "1986-10"}, MembershipCorrected),
        ({"note": "as quoted"}, MembershipCorrected),
        ({"counts": "Member cities | Città aderenti | 210 | 2026 | Comune | official"}, MembershipCorrected),
    ],
)
def test_one_changed_cell_is_one_event(changes: dict[str, str], fact: type[Any]) -> None:
    decision = again(imported(), **changes)
    (event,) = decision.change.events
    assert type(event) is fact
    assert event.membership == decision.change.state.membership
    assert again(decision.change.state, **changes).outcome is Outcome.UNCHANGED


def test_what_an_officer_did_to_one_mandate_leaves_the_others_free() -> None:
    state = end_mandate(imported(), "chair-2022", until="2025", today=TODAY).state
    decision = again(state, mandates=TWO_CHAIRS.replace("2024", ""))
    (event,) = decision.change.events
    assert isinstance(event, MandateRecorded)
    assert [(one.mandate_id, one.until) for one in event.membership.mandates] == [
        ("chair-2022", "2025"),
        ("v", None),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"mandates": CHAIR.format(until="2024")}, "mandates.chair-2022"),
        ({"duties": FEE.format(done="2026-11-10")}, "duties.fee-2026"),
        ({"since": "1987"}, "since"),
    ],
)
def test_what_an_officer_changed_is_a_conflict_and_kept(changes: dict[str, str], field: str) -> None:
    state = end_mandate(imported(), "chair-2022", until="2025", today=TODAY).state
    state = mark_duty_done(state, "fee-2026", done_on=TODAY, today=TODAY).state
    state = correct(state, Correction(since="1986-10"), today=TODAY).state
    with pytest.raises(ImportConflict) as refused:
        again(state, **changes)
    assert [conflict.field for conflict in refused.value.conflicts] == [field]


def test_a_change_that_stands_already_is_none() -> None:
    state = mark_duty_done(imported(), "fee-2026", done_on=TODAY, today=TODAY).state
    decision = again(state, duties=FEE.format(done="2026-11-26"))
    assert (decision.outcome, decision.change.events) == (Outcome.UNCHANGED, ())


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("unit", "europa", "city, european, partnerships"),
        ("role", "guest", "member, founder, host"),
        ("since", "27/11/1986", "YYYY"),
        ("since", "2027", "future"),
        ("mandates", "x | Chair", "lacks: body, function"),
        ("mandates", CHAIR.format(until="1999"), "cannot end before it begins"),
        ("mandates", "; ".join([CHAIR.format(until="")] * 2), "twice"),
        ("mandates", CHAIR.format(until="") + " | a | b | c", "15 parts"),
        ("duties", FEE.format(done="2027-01-01"), "future"),
        ("duties", "fee | Fee | | 31/12/2026", "YYYY-MM-DD"),
        ("counts", "Members | | many | | Comune | official", "whole number"),
        ("counts", "Members | | 200 | | Comune | hearsay", "official, counterpart"),
        ("network", "x" * 301, "at most 300"),
        ("as_of", "", "required"),
        ("sample", "perhaps", "neither yes nor no"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(column: str, cell: str, reason: str) -> None:
    with pytest.raises(RowProblems) as refused:
        decide(KIND, "eurocities", {**CELLS, column: cell}, None)
    (problem,) = refused.value.problems
    assert problem.field.split(".")[0] in {column, "until"}
    assert reason in problem.reason_en


def test_every_problem_of_a_row_is_named_at_once() -> None:
    with pytest.raises(RowProblems) as refused:
        decide(KIND, "eurocities", {**CELLS, "unit": "x", "role": "y", "since": "z", "town": "Milano"}, None)
    assert {problem.field for problem in refused.value.problems} == {"unit", "role", "since", "town"}


def test_the_sample_register_is_accepted_row_by_row() -> None:
    sheet = read_sheet(SAMPLE)
    assert sheet.faults == ()
    for line in sheet.lines:
        decision: Any = decide(KIND, line.cells["membership_key"], line.cells, None)
        assert decision.outcome is Outcome.CREATE
