"""What importing a row does to an aggregate. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared.domain import Change, Refusal
from shared.imports.cells import Cells, kept, whole
from shared.imports.spec import Conflict, ImportConflict, ImportKind, Problem, RowProblems

S = TypeVar("S", bound=BaseModel)


class Outcome(StrEnum):
    """What became, or would become, of a row."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """An outcome with what has to be stored for it (the state alone where no event is due)."""

    outcome: Outcome
    change: Change[S]


def decide(kind: ImportKind[Any, Any], key: str, cells: Cells, state: S | None) -> Decision[S]:
    """Compare the row with the last imported one and decide.

    Raises ``RowProblems`` with all reasons why the row cannot be used, or ``ImportConflict``.
    """
    row_cells = kept(cells)
    row = _parsed(kind, key, row_cells)
    if state is None:
        registered = _carried_out(lambda: kind.register(key, row))
        return Decision(Outcome.CREATE, _remembering(registered, row_cells))
    imported = getattr(state, "imported", None)
    if imported is None:
        raise ImportConflict([Conflict(kind.key_column, "", key, key)])
    if imported == row_cells:
        return Decision(Outcome.UNCHANGED, Change(state))
    before = _parsed_before(kind, imported)
    if before == row:
        return Decision(Outcome.UNCHANGED, Change(state))
    corrected = _carried_out(lambda: kind.correct(state, before, row))
    outcome = Outcome.CHANGE if corrected.events else Outcome.UNCHANGED
    return Decision(outcome, _remembering(corrected, row_cells))


def _remembering(change: Change[Any], cells: dict[str, str]) -> Change[Any]:
    return Change(change.state.model_copy(update={"imported": cells}), change.events)


def _parsed(kind: ImportKind[Any, Any], key: str, cells: dict[str, str]) -> Any:
    names = {column.name for column in kind.columns}
    problems = [_unknown(name, value) for name, value in cells.items() if name not in names]
    if cells.get(kind.key_column, "") != key:
        problems.append(_other_key(kind.key_column, cells.get(kind.key_column, ""), key))
    problems += [
        _missing(column.name) for column in kind.columns if column.required and column.name not in cells
    ]
    named = {problem.field for problem in problems}
    row: Any = None
    try:
        row = kind.parse(whole({name: cells[name] for name in cells if name in names}, names))
    except RowProblems as found:
        problems += [problem for problem in found.problems if problem.field not in named]
    except Refusal as refusal:
        if refusal.field not in named:
            problems.append(Problem.of(refusal))
    if problems:
        raise RowProblems(problems)
    return row


def _parsed_before(kind: ImportKind[Any, Any], imported: dict[str, str]) -> Any:
    """The last imported row; a stricter rule since then must not read as an officer's change."""
    try:
        return kind.parse(whole(imported, [column.name for column in kind.columns]))
    except Refusal as refusal:
        raise RowProblems(
            [
                Problem(
                    refusal.field,
                    str(refusal.value),
                    f"the row imported last can no longer be read: {refusal.text('en')}",
                    f"la riga importata per ultima non è più leggibile: {refusal.text('it')}",
                )
            ]
        ) from refusal


def _carried_out(step: Any) -> Change[Any]:
    """A refusal of the domain is a problem of the row; a conflict stays one."""
    try:
        change: Change[Any] = step()
    except (RowProblems, ImportConflict):
        raise
    except Refusal as refusal:
        raise RowProblems([Problem.of(refusal)]) from refusal
    return change


def _unknown(name: str, value: str) -> Problem:
    return Problem(name, value, "is not a column of this table", "non è una colonna di questa tabella")


def _missing(name: str) -> Problem:
    return Problem(name, "", "is required", "è obbligatorio")


def _other_key(column: str, value: str, key: str) -> Problem:
    return Problem(
        column,
        value,
        f"differs from the key {key!r} that the row was sent under",
        f"è diverso dalla chiave {key!r} con cui la riga è stata inviata",
    )
