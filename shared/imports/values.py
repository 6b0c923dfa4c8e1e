"""From the text of a cell to a value, collecting everything that is wrong with a row before it is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar, cast

from shared.contracts.partial_dates import parse_partial_date
from shared.domain import Refusal
from shared.imports.cells import Cells
from shared.imports.spec import Problem, RowProblems

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Parse = Callable[[str], T]

YES = frozenset({"true", "yes", "1", "sì", "si", "vero"})
NO = frozenset({"", "false", "no", "0", "falso"})
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
_WHOLE = re.compile(r"\d{1,15}")


class Unreadable(Exception):
    """A text that is no such value, with the reason in both languages; ``value`` is the part at fault."""

    def __init__(self, value: str, en: str, it: str) -> None:
        super().__init__(en)
        self.value = value
        self.en = en
        self.it = it


class RowReader:
    """Reads the cells of one row; ``check`` refuses the row with every problem that was met."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells
        self._problems: list[Problem] = []

    def read(self, column: str, parse: Parse[T]) -> T:
        """The column's value. After a problem it is a placeholder that only ``check`` may follow."""
        text = self._cells.get(column, "")
        try:
            return parse(text)
        except Unreadable as wrong:
            self._problems.append(Problem(column, wrong.value, wrong.en, wrong.it))
        except Refusal as refusal:
            self._problems.append(Problem.of(refusal))
        return cast("T", None)

    def refuse(self, column: str, en: str, it: str) -> None:
        """Note a problem of the row that no single cell shows."""
        self._problems.append(Problem(column, self._cells.get(column, ""), en, it))

    def check(self) -> None:
        """Raises ``RowProblems`` with all problems met so far."""
        if self._problems:
            raise RowProblems(self._problems)


def text(limit: int = 300) -> Parse[str]:
    """A text that is not empty, of at most ``limit`` characters."""

    def parse(cell: str) -> str:
        if not cell:
            raise Unreadable(cell, "is required", "è obbligatorio")
        if len(cell) > limit:
            shown = f"{cell[:40]}…"
            raise Unreadable(
                shown,
                f"has {len(cell)} characters; at most {limit}",
                f"ha {len(cell)} caratteri; al massimo {limit}",
            )
        return cell

    return parse


def optional(parse: Parse[T]) -> Parse[T | None]:
    """What ``parse`` reads; an empty cell is null."""
    return lambda cell: parse(cell) if cell else None


def or_else(parse: Parse[T], default: T) -> Parse[T]:
    """What ``parse`` reads; an empty cell is ``default``."""
    return lambda cell: parse(cell) if cell else default


def identifier(cell: str) -> str:
    """A key: letters, digits and ``. _ : -``, at most 80, beginning with a letter or digit."""
    if not _ID.fullmatch(cell):
        raise Unreadable(
            cell,
            "is not a key: at most 80 letters, digits and . _ : -, beginning with a letter or digit",
            "non è una chiave: al massimo 80 lettere, cifre e . _ : -, con una lettera o cifra all'inizio",
        )
    return cell


def one_of(choices: type[E]) -> Parse[E]:
    """One of the words of an enumeration, whatever its case."""

    def parse(cell: str) -> E:
        try:
            return choices(cell.casefold())
        except ValueError:
            known = ", ".join(choice.value for choice in choices)
            raise Unreadable(cell, f"is none of: {known}", f"non è fra: {known}") from None

    return parse


def flag(cell: str) -> bool:
    """``yes`` or ``no`` in the words of spreadsheets, in both languages; empty is no."""
    word = cell.casefold()
    if word in YES:
        return True
    if word not in NO:
        raise Unreadable(cell, "is neither yes nor no", "non è né sì né no")
    return False


def whole_number(low: int, high: int) -> Parse[int]:
    """A whole number from ``low`` to ``high``."""

    def parse(cell: str) -> int:
        if not (cell.isascii() and _WHOLE.fullmatch(cell)) or not low <= int(cell) <= high:
            raise Unreadable(
                cell,
                f"is not a whole number from {low} to {high}",
                f"non è un numero intero da {low} a {high}",
            )
        return int(cell)

    return parse


def partial_date(cell: str) -> str:
    """``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``, as precise as it is written."""
    if re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", cell, re.ASCII):
        try:
            parse_partial_date(cell)
        except ValueError:
            pass
        else:
            return cell
    raise Unreadable(
        cell,
        "is not a date of the calendar written YYYY, YYYY-MM or YYYY-MM-DD",
        "non è una data del calendario scritta AAAA, AAAA-MM o AAAA-MM-GG",
    )


def day(cell: str) -> date:
    """``YYYY-MM-DD``."""
    try:
        if len(cell) == 10:
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise Unreadable(cell, "is not a date written YYYY-MM-DD", "non è una data scritta AAAA-MM-GG")


def listed(parse: Parse[T]) -> Parse[tuple[T, ...]]:
    """Items between ``;``; empty ones are passed over."""
    return lambda cell: tuple(parse(item.strip()) for item in cell.split(";") if item.strip())


def parts(item: str, names: Sequence[str], needed: Sequence[str]) -> dict[str, str]:
    """The parts between ``|`` of one item, by ``names``; a part that is not given is empty.

    Raises ``Unreadable`` naming the parts that are ``needed`` and missing, or that there are too many.
    """
    given = [part.strip() for part in item.split("|")]
    if len(given) > len(names):
        raise Unreadable(
            item,
            f"has {len(given)} parts between |; at most {len(names)}: {' | '.join(names)}",
            f"ha {len(given)} parti fra |; al massimo {len(names)}: {' | '.join(names)}",
        )
    found = {**dict.fromkeys(names, ""), **dict(zip(names, given, strict=False))}
    missing = ", ".join(name for name in needed if not found[name])
    if missing:
        raise Unreadable(item, f"lacks: {missing}", f"manca: {missing}")
    return found


def part(found: Mapping[str, str], name: str, parse: Parse[T]) -> T:
    """The value of one part of an item; what is wrong with it is said with the part's name."""
    try:
        return parse(found[name])
    except Unreadable as wrong:
        raise Unreadable(wrong.value, f"{name} {wrong.en}", f"{name} {wrong.it}") from wrong
