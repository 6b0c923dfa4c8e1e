"""What a service says about a table that it imports, and what it answers about a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Protocol, TypeVar

from shared.domain import Change, Refusal
from shared.imports.cells import Cells


class Importable(Protocol):
    """A state that remembers the cells it was last imported from (null: it never was). Never published."""

    @property
    def imported(self) -> dict[str, str] | None:
        """The cells of the last import."""


Row = TypeVar("Row")
S = TypeVar("S", bound=Importable)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, with its meaning in a sentence."""

    name: str
    required: bool
    meaning_en: str
    meaning_it: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a row cannot be used; ``candidates`` are values that could be (may be empty)."""

    field: str
    value: str
    reason_en: str
    reason_it: str
    candidates: tuple[str, ...] = ()

    @classmethod
    def of(cls, refusal: Refusal) -> Problem:
        """A refusal of the domain or of the gazetteer, as a problem of the field that it names."""
        found = getattr(refusal, "candidates", ())
        candidates = (
            tuple(map(str, found)) if isinstance(found, Sequence) and not isinstance(found, str) else ()
        )
        value = "" if refusal.value is None else str(refusal.value)
        return cls(refusal.field, value, refusal.text("en"), refusal.text("it"), candidates)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A cell that the file changes although an officer has changed the field since the last import.

    The three values are texts as the office would read them.
    """

    field: str
    last_imported: str
    current: str
    new: str


class RowProblems(Refusal):
    """The row cannot be used; ``problems`` are all of its reasons."""

    code = "invalid-row"
    title: ClassVar[dict[str, str]] = {"en": "The row cannot be used", "it": "La riga non è utilizzabile"}

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        super().__init__(field=first.field, value=first.value)

    def text(self, language: str) -> str:
        """All reasons in one sentence."""
        return "; ".join(p.reason_it if language == "it" else p.reason_en for p in self.problems)


class ImportConflict(Refusal):
    """An officer changed what the row changes; nothing of it is stored. ``conflicts`` has every field."""

    code = "import-conflict"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "en": "Changed by hand since the last import",
        "it": "Modificato a mano dopo l'ultima importazione",
    }
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} was changed by hand since the last import: {value!r} is kept.",
        "it": "{field} è stato modificato a mano dopo l'ultima importazione: resta {value!r}.",
    }

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__(
            field=", ".join(conflict.field for conflict in self.conflicts),
            value="; ".join(conflict.current for conflict in self.conflicts),
        )


class ImportKind(ABC, Generic[Row, S]):
    """One table that a service imports: how its rows are read and what they do to an aggregate.

    ``rank`` orders the files of one call (low first); ``calendar`` says that the table also comes as
    iCalendar. The machinery compares the cells with the last imported ones, keeps them in the state's
    ``imported`` and never calls ``correct`` for a row that means the same as before.
    """

    name: ClassVar[str]
    key_column: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    rank: ClassVar[int]
    prefix: ClassVar[str]
    """Of the aggregate's id: ``agreement`` makes ``derived_id("agreement", "import", key)``."""
    calendar: ClassVar[bool] = False

    @abstractmethod
    def parse(self, cells: Cells) -> Row:
        """What the cells mean. Every column is there, empty where the file has nothing.

        Rows are compared with ``==``. Raises ``RowProblems`` with all problems (any ``Refusal`` is one).
        """

    @abstractmethod
    def register(self, key: str, row: Row) -> Change[S]:
        """The row's first import: a new aggregate. Raises ``Refusal``."""

    @abstractmethod
    def correct(self, state: S, before: Row, after: Row) -> Change[S]:
        """The row differs from the last imported one: one event.

        Raises ``ImportConflict`` where the state no longer holds what ``before`` meant, or a ``Refusal``.
        """
