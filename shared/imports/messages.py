"""The bodies of the import routes, which the `ponte` command reads too."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.domain import Refusal
from shared.imports.decide import Outcome
from shared.imports.spec import ImportConflict, RowProblems

MAX_ROWS = 500
"""Of one check."""

MAX_COLUMNS = 200

Cell = Annotated[str, StringConstraints(max_length=32_000)]
Key = Annotated[str, StringConstraints(max_length=400)]


def _no_operator(name: str) -> str:
    """The one mapping from outside with free names is stored as such."""
    if name.startswith("$"):
        raise PydanticCustomError("operator", "must not begin with $")
    return name


Name = Annotated[str, AfterValidator(_no_operator)]
CellMap = Annotated[dict[Name, Cell], Field(max_length=MAX_COLUMNS)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class CellsIn(_Request):
    """One row as text cells by column; a missing column is an empty one."""

    cells: CellMap


class RowIn(_Request):
    """One row to be checked, with its line in the file (from 1)."""

    key: Key
    line: int = Field(ge=1, lt=2**31, json_schema_extra={"format": "int32"})
    cells: CellMap


class RowsIn(_Request):
    """Rows of one file."""

    rows: list[RowIn] = Field(max_length=MAX_ROWS)


class ColumnOut(_Answer):
    """A column with its meaning."""

    name: str
    required: bool
    meaning_en: str
    meaning_it: str


class KindOut(_Answer):
    """A table that the service imports. ``calendar``: it also comes as iCalendar."""

    kind: str
    key_column: str
    rank: int = Field(json_schema_extra={"format": "int32"})
    calendar: bool
    columns: list[ColumnOut]


class ProblemOut(_Answer):
    """Why a row cannot be used, in the caller's language."""

    field: str
    value: str
    reason: str
    candidates: list[str] = []


class ConflictOut(_Answer):
    """A field that an officer changed since the last import and the row would change too."""

    field: str
    last_imported: str
    current: str
    new: str


class RowOut(_Answer):
    """What became, or would become, of a row.

    ``base`` is a digest of the last imported row of the key (empty: there is none), so that a client can
    name the same step from it with the same Idempotency-Key.
    """

    key: str
    line: int | None = Field(default=None, json_schema_extra={"format": "int32"})
    outcome: Outcome
    problems: list[ProblemOut] = []
    conflicts: list[ConflictOut] = []
    base: str = ""
    subject: str | None = None
    sequence: int | None = Field(default=None, json_schema_extra={"format": "int64"})

    @classmethod
    def of(
        cls, key: str, refusal: Refusal, language: str, *, line: int | None = None, base: str = ""
    ) -> RowOut:
        """A row that was refused (``RowProblems`` or ``ImportConflict``), in ``language`` (it, en)."""
        if isinstance(refusal, ImportConflict):
            conflicts = [
                ConflictOut(field=c.field, last_imported=c.last_imported, current=c.current, new=c.new)
                for c in refusal.conflicts
            ]
            return cls(key=key, line=line, outcome=Outcome.CONFLICT, conflicts=conflicts, base=base)
        found = refusal.problems if isinstance(refusal, RowProblems) else ()
        problems = [
            ProblemOut(
                field=problem.field,
                value=problem.value,
                reason=problem.reason_it if language == "it" else problem.reason_en,
                candidates=list(problem.candidates),
            )
            for problem in found
        ]
        return cls(key=key, line=line, outcome=Outcome.INVALID, problems=problems, base=base)


class KindsOut(_Answer):
    """What a service imports."""

    items: list[KindOut]


class ChecksOut(_Answer):
    """What a check says about the rows, in the order sent."""

    items: list[RowOut]
