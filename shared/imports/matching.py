"""Which service takes which file, and what is wrong with a file before anybody is asked about its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from shared.imports.messages import KindOut
from shared.imports.sheet import Fault, Line, Sheet


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of table and the service that imports it."""

    service: str
    kind: KindOut


@dataclass(frozen=True, slots=True)
class Matched:
    """A file with its target (null: none takes it), its rows that may be asked about, and its faults."""

    sheet: Sheet
    target: Target | None
    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]

    @property
    def unusable(self) -> bool:
        """Whether a fault concerns the whole file."""
        return self.target is None or any(fault.line is None for fault in self.faults)

    def key(self, line: Line) -> str:
        """The stable key of a row."""
        return line.cells[self.target.kind.key_column] if self.target else ""


def match(sheet: Sheet, targets: Sequence[Target]) -> Matched:
    """The file with the kind whose key column it has; a calendar goes to the kind that takes calendars."""
    if sheet.unusable:
        return Matched(sheet, None, (), sheet.faults)
    fitting = [target for target in targets if _takes(target.kind, sheet)]
    if len(fitting) != 1:
        return Matched(sheet, None, (), (*sheet.faults, _no_target(sheet, targets, fitting)))
    kind = fitting[0].kind
    faults = [*sheet.faults, *_unknown_columns(sheet, kind)]
    lines, spoiled = _keyed(sheet.lines, kind.key_column)
    return Matched(sheet, fitting[0], lines, (*faults, *spoiled))


def without_doubles(files: Sequence[Matched]) -> list[Matched]:
    """The files, with a fault for each row whose key an earlier file of the same table has already."""
    first: dict[tuple[str, str], Matched] = {}
    found: list[Matched] = []
    for one in files:
        if one.target is None:
            found.append(one)
            continue
        kind = one.target.kind
        owners = [(line, first.setdefault((kind.kind, one.key(line)), one)) for line in one.lines]
        faults = [
            Fault(
                line.number, kind.key_column, one.key(line), f"the same key stands in {file.sheet.path} too"
            )
            for line, file in owners
            if file is not one
        ]
        lines = tuple(line for line, file in owners if file is one)
        found.append(replace(one, lines=lines, faults=(*one.faults, *faults)))
    return found


def _takes(kind: KindOut, sheet: Sheet) -> bool:
    return kind.calendar if sheet.calendar else kind.key_column in sheet.columns


def _no_target(sheet: Sheet, targets: Sequence[Target], fitting: Sequence[Target]) -> Fault:
    keys = ", ".join(f"{target.kind.key_column} ({target.kind.kind})" for target in fitting or targets)
    if fitting:
        return Fault(None, "", "", f"the columns fit several tables: {keys}; leave only one key column")
    if sheet.calendar:
        return Fault(None, "", "", "no service that answers takes calendars")
    wanted = tuple(target.kind.key_column for target in targets)
    near = tuple(name for column in sheet.columns for name in get_close_matches(column, wanted, n=1))
    return Fault(None, "", "", f"the key column is missing; a table needs one of: {keys}", near)


def _unknown_columns(sheet: Sheet, kind: KindOut) -> list[Fault]:
    """A column that nobody would read: most often a misspelt one, so the file is not taken without it."""
    known = [column.name for column in kind.columns]
    return [
        Fault(
            None,
            column,
            "",
            f"is not a column of the table {kind.kind}",
            tuple(get_close_matches(column, known, n=3)),
        )
        for column in sheet.columns
        if column not in known
    ]


def _keyed(lines: Sequence[Line], column: str) -> tuple[tuple[Line, ...], list[Fault]]:
    """The rows with a key of their own; of several with one key nobody can tell which is meant."""
    by_key: dict[str, list[Line]] = {}
    for line in lines:
        by_key.setdefault(line.cells.get(column, ""), []).append(line)
    faults = [Fault(line.number, column, "", "is missing") for line in by_key.pop("", [])]
    good: list[Line] = []
    for key, found in by_key.items():
        if len(found) == 1:
            good += found
            continue
        for line in found:
            others = ", ".join(str(other.number) for other in found if other is not line)
            faults.append(Fault(line.number, column, key, f"the same key stands in line {others} too"))
    return tuple(sorted(good, key=lambda line: line.number)), faults
