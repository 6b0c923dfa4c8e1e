"""Imports: tables and calendars read into text cells, compared row by row with the last import.

The HTTP side is in ``shared.imports.router``, which needs the web framework; the rest needs none.
"""

from shared.imports.cells import Cells
from shared.imports.decide import Decision, Outcome, decide
from shared.imports.merge import changes, shown
from shared.imports.spec import Column, Conflict, ImportConflict, ImportKind, Problem, RowProblems

__all__ = [
    "Cells",
    "Column",
    "Conflict",
    "Decision",
    "ImportConflict",
    "ImportKind",
    "Outcome",
    "Problem",
    "RowProblems",
    "changes",
    "decide",
    "shown",
]
