"""How far a long command is, as bars."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_STAGES = {"checking": "Checking", "storing": "Storing"}


class Bars:
    """Bars on the terminal's standard error; silent where that is no terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, stage: str, path: Path, total: int) -> None:
        """A new bar for a stage of a file."""
        self._current = self._bars.add_task(f"{_STAGES[stage]} {path.name}", total=total)

    def advance(self, rows: int) -> None:
        """So many rows more are done."""
        if self._current is not None:
            self._bars.advance(self._current, rows)


class Bar:
    """One bar on the terminal's standard error; silent where that is no terminal."""

    def __init__(self, what: str, total: int | None) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._bar = self._bars.add_task(what, total=total)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def advance(self, by: int = 1) -> None:
        """So much more is done."""
        self._bars.advance(self._bar, by)

    def at(self, done: int, total: int) -> None:
        """So much is done, of so much in all."""
        self._bars.update(self._bar, completed=done, total=total)


class Stages:
    """A bar for each stage on the terminal's standard error; where that is no terminal, only what is told."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._current: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, what: str, total: int) -> None:
        """A new bar."""
        self._current = self._bars.add_task(what, total=total)

    def advance(self, by: int) -> None:
        """So much more is done."""
        if self._current is not None:
            self._bars.advance(self._current, by)

    def tell(self, text: str) -> None:
        """A line above the bars."""
        self._console.print(text, markup=False)


class NamedBars:
    """Several bars on the terminal's standard error, each made when it is first heard of."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._known: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def at(self, name: str, done: int, total: int | None) -> None:
        """So much of it is done; ``total`` null: nobody knows of how much."""
        if name not in self._known:
            self._known[name] = self._bars.add_task(name, total=total)
        self._bars.update(self._known[name], completed=done, total=total)
