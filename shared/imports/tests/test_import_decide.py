from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from shared.contracts.base import EventData
from shared.domain import Change, ImpossibleValue
from shared.imports import (
    Cells,
    Column,
    Conflict,
    Decision,
    ImportConflict,
    ImportKind,
    Outcome,
    Problem,
    RowProblems,
    changes,
    decide,
)
from shared.imports.values import RowReader, flag, text
from shared.places import resolve


class Bridge(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: str
    city: str
    open: bool


class BridgeState(BaseModel):
    model_config = ConfigDict(frozen=True)
    bridge: Bridge
    imported: dict[str, str] | None = None


class BridgeBuilt(EventData):
    TYPE: ClassVar[str] = "ponte.test.bridge.built.v1"


class BridgeCorrected(EventData):
    TYPE: ClassVar[str] = "ponte.test.bridge.corrected.v1"
    fields: tuple[str, ...]


class Bridges(ImportKind[Bridge, BridgeState]):
    name = "bridges"
    key_column = "bridge_key"
    rank = 1
    prefix = "bridge"
    columns = tuple(
        Column(name, name != "open", name, name) for name in ("bridge_key", "name", "city", "open")
    )

    def parse(self, cells: Cells) -> Bridge:
        row = RowReader(cells)
        name = row.read("name", text(20))
        city = row.read("city", lambda cell: resolve(cell).city)
        is_open = row.read("open", flag)
        row.check()
        return Bridge(name=name, city=city, open=is_open)

    def register(self, key: str, row: Bridge) -> Change[BridgeState]:
        if row.name == "forbidden":
            raise ImpossibleValue(field="name", value=row.name, en="is forbidden.", it="è vietato.")
        return Change(BridgeState(bridge=row), (BridgeBuilt(),))

    def correct(self, state: BridgeState, before: Bridge, after: Bridge) -> Change[BridgeState]:
        changed = changes(before.model_dump(), state.bridge.model_dump(), after.model_dump())
        if not changed:
            return Change(state)
        bridge = state.bridge.model_copy(update=changed)
        return Change(state.model_copy(update={"bridge": bridge}), (BridgeCorrected(fields=tuple(changed)),))


KIND = Bridges()
ROW = {"bridge_key": "b1", "name": "Ponte", "city": "Milano", "open": "yes"}


def imported(row: Cells = ROW) -> BridgeState:
    first: Decision[BridgeState] = decide(KIND, row["bridge_key"], row, None)
    return first.change.state


def by_hand(state: BridgeState, **fields: object) -> BridgeState:
    return state.model_copy(update={"bridge": state.bridge.model_copy(update=fields)})


def test_a_first_import_creates_and_remembers_the_cells() -> None:
    decision: Decision[BridgeState] = decide(KIND, "b1", ROW, None)
    assert decision.outcome is Outcome.CREATE
    assert [type(event) for event in decision.change.events] == [BridgeBuilt]
    assert decision.change.state.imported == ROW


@pytest.mark.parametrize(
    "cells",
    [ROW, {**ROW, "open": " TRUE "}, {**ROW, "city": "Milan"}, {**ROW, "name": "Ponte \r\n"}],
)
def test_the_same_meaning_changes_nothing(cells: Cells) -> None:
    state = imported()
    decision = decide(KIND, "b1", cells, state)
    assert decision.outcome is Outcome.UNCHANGED
    assert decision.change == Change(state)


def test_one_changed_cell_is_one_event() -> None:
    decision = decide(KIND, "b1", {**ROW, "name": "Bridge"}, imported())
    assert decision.outcome is Outcome.CHANGE
    assert decision.change.events == (BridgeCorrected(fields=("name",)),)
    assert decision.change.state.bridge.name == "Bridge"
    assert decision.change.state.imported == {**ROW, "name": "Bridge"}


def test_what_an_officer_changed_stays_and_other_cells_are_applied() -> None:
    state = by_hand(imported(), name="by hand")
    assert decide(KIND, "b1", ROW, state).outcome is Outcome.UNCHANGED
    decision = decide(KIND, "b1", {**ROW, "open": "no"}, state)
    assert decision.change.state.bridge == Bridge(name="by hand", city="Milan", open=False)


def test_a_cell_that_an_officer_changed_too_is_a_conflict() -> None:
    state = by_hand(imported(), name="by hand")
    with pytest.raises(ImportConflict) as refusal:
        decide(KIND, "b1", {**ROW, "name": "Bridge", "open": "no"}, state)
    assert refusal.value.conflicts == (Conflict("name", "Ponte", "by hand", "Bridge"),)


def test_what_an_officer_did_already_is_no_conflict_and_moves_the_memory_on() -> None:
    state = by_hand(imported(), name="Bridge")
    decision = decide(KIND, "b1", {**ROW, "name": "Bridge"}, state)
    assert decision.outcome is Outcome.UNCHANGED
    assert not decision.change.events
    assert decision.change.state.imported == {**ROW, "name": "Bridge"}


def test_every_problem_of_a_row_is_listed_once() -> None:
    row = {"bridge_key": "b2", "city": "Birmingham", "open": "perhaps", "colour": "red"}
    with pytest.raises(RowProblems) as refusal:
        decide(KIND, "b1", row, None)
    problems = {problem.field: problem for problem in refusal.value.problems}
    assert sorted(problem.field for problem in refusal.value.problems) == sorted(problems)
    assert set(problems) == {"bridge_key", "name", "city", "open", "colour"}
    assert problems["city"].candidates == ("Birmingham, GB", "Birmingham, US")
    for problem in problems.values():
        assert problem.reason_en
        assert problem.reason_it


def test_a_rule_of_the_domain_is_a_problem_of_the_row() -> None:
    with pytest.raises(RowProblems) as refusal:
        decide(KIND, "b1", {**ROW, "name": "forbidden"}, None)
    assert refusal.value.problems == (
        Problem("name", "forbidden", "name 'forbidden': is forbidden.", "name 'forbidden': è vietato."),
    )


def test_something_that_was_never_imported_is_left_alone() -> None:
    with pytest.raises(ImportConflict):
        decide(KIND, "b1", ROW, BridgeState(bridge=Bridge(name="x", city="y", open=False)))


def test_a_remembered_row_that_a_newer_rule_refuses_is_no_change_of_an_officer() -> None:
    state = imported().model_copy(update={"imported": {**ROW, "city": "Atlantis"}})
    with pytest.raises(RowProblems) as refusal:
        decide(KIND, "b1", ROW, state)
    assert "imported last" in refusal.value.problems[0].reason_en


CELLS = st.fixed_dictionaries(
    {
        "bridge_key": st.just("b1"),
        "name": st.sampled_from(["Ponte", "Bridge", "Brücke"]),
        "city": st.sampled_from(["Milano", "Lione", "Cracovia"]),
        "open": st.sampled_from(["yes", "no"]),
    }
)


@given(st.lists(CELLS, min_size=1, max_size=6), st.none() | st.sampled_from(["Bridge", "by hand"]))
def test_a_series_of_imports_loses_nothing_that_was_done_by_hand(
    rows: list[dict[str, str]], hand: str | None
) -> None:
    state = imported(rows[0])
    if hand is not None:
        state = by_hand(state, name=hand)
    for row in rows[1:]:
        before = state
        try:
            decision = decide(KIND, "b1", row, state)
        except ImportConflict:
            assert before.bridge.name == hand
            continue
        state = decision.change.state
        assert len(decision.change.events) == (state.bridge != before.bridge)
        again = decide(KIND, "b1", row, state)
        assert again.outcome is Outcome.UNCHANGED
        assert not again.change.events
        if before.imported is not None and before.bridge.name != before.imported["name"]:
            assert state.bridge.name == before.bridge.name
