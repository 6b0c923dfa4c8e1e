"""A file read into rows of text cells, with every fault of the file itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.imports.cells import column_name, kept, normal


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the file that cannot be used. ``line`` is null where it concerns the file as a whole."""

    line: int | None
    field: str
    value: str
    reason: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its line in the file (of a spreadsheet its row, from 1) and the cells that hold something."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The content of one file. A fault with a line spoils that row, one without a line the whole file."""

    path: Path
    columns: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    faults: tuple[Fault, ...] = ()
    calendar: bool = False

    @property
    def unusable(self) -> bool:
        """Whether a fault concerns the whole file."""
        return any(fault.line is None for fault in self.faults)


@dataclass(slots=True)
class SheetBuilder:
    """Takes the records of a file one after the other, the header first. Blank records are passed over."""

    path: Path
    _columns: list[str] | None = None
    _lines: list[Line] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)

    def fault(self, line: int | None, name: str, value: str, reason: str) -> None:
        """Note a fault."""
        self._faults.append(Fault(line, name, value, reason))

    def add(self, number: int, texts: Sequence[str]) -> None:
        """The record that begins at line ``number``."""
        if not any(map(normal, texts)):
            return
        if self._columns is None:
            self._header(number, texts)
        else:
            self._row(number, texts, self._columns)

    def sheet(self) -> Sheet:
        """What was read."""
        if self._columns is None and not self._faults:
            self.fault(None, "", "", "the file is empty")
        elif self._columns is not None and not self._lines and not self._faults:
            self.fault(None, "", "", "the file has a header but no rows")
        columns = tuple(name for name in self._columns or () if name)
        return Sheet(self.path, columns, tuple(self._lines), tuple(self._faults))

    def _header(self, number: int, texts: Sequence[str]) -> None:
        self._columns = [column_name(text) for text in texts]
        for name in _repeated(self._columns):
            self.fault(None, name, name, f"the header in line {number} names this column twice")

    def _row(self, number: int, texts: Sequence[str], columns: Sequence[str]) -> None:
        for text in texts[len(columns) :]:
            if normal(text):
                reason = f"there are more cells than the {len(columns)} columns of the header"
                self.fault(number, "", normal(text), reason)
                return
        cells = dict(zip(columns, texts, strict=False))
        unnamed = normal(cells.pop("", ""))
        if unnamed:
            self.fault(number, "", unnamed, "this cell stands under a column without a name")
            return
        damaged = next((name for name, text in cells.items() if "\x00" in text or "\ufffd" in text), None)
        if damaged is not None:
            value = normal(cells[damaged].replace("\x00", "\ufffd"))
            self.fault(number, damaged, value, "the text is damaged; save the file again as UTF-8")
            return
        self._lines.append(Line(number, kept(cells)))


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name and (name in seen or seen.add(name))]  # type: ignore[func-returns-value]
