"""What the person at the terminal sees of a local run: what is ready, and everybody's log with a prefix."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console as Rich
from rich.live import Live
from rich.table import Table
from rich.text import Text

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_cyan", "bright_magenta", "bright_green")
LEVELS = {"warning": "yellow", "error": "bold red", "critical": "bold red"}
# Marks of an answered request in a service's JSON log.
EVERYDAY, INFO = '"logger":"ponte.http"', '"level":"info"'
# Shown in front, or the same in every line, so not repeated behind.
IN_FRONT = {"timestamp", "time", "level", "event", "message", "service", "version", "logger", "stack"}


class Console:
    """Lines of logs with a coloured prefix, and during the start a small table of what is ready.

    On anything but a terminal it writes plain lines, one per change.
    """

    def __init__(self, names: Iterable[str], *, terminal: bool | None = None, verbose: bool = False) -> None:
        """Take the names of everything that runs; `terminal` overrules what was found out.

        `verbose` shows every line; otherwise the answered requests stay in the files, or a page with its
        pictures would scroll the sign-in link away.
        """
        self._verbose = verbose
        self._rich = Rich(highlight=False, soft_wrap=True, force_terminal=terminal)
        self._names = list(names)
        self._width = max((len(name) for name in self._names), default=0)
        self._colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(self._names)}
        self._states = dict.fromkeys(self._names, "waiting")
        self._live: Live | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether a person is watching."""
        return self._rich.is_terminal

    def open_board(self) -> None:
        """Show the table until `close_board`."""
        if self.is_terminal:
            self._live = Live(self._board(), console=self._rich, refresh_per_second=8, transient=True)
            self._live.start()

    def close_board(self) -> None:
        """Leave the table as it stands and go on with lines."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._rich.print(self._board())

    def state(self, name: str, text: str) -> None:
        """Note what one of the processes is doing: `ready after 1.2 s`, `starting`."""
        if self._states.get(name) == text:
            return
        self._states[name] = text
        if self._live is not None:
            self._live.update(self._board())
        else:
            self.log(name, text)

    def say(self, text: str) -> None:
        """Write a line of the supervisor's own."""
        self._print(Text(text, style="bold"))

    def log(self, name: str, line: str) -> None:
        """Write a line of one process's log, behind its name."""
        if not self._verbose and line.startswith("{") and EVERYDAY in line and INFO in line:
            return
        front = Text(f"{name:<{self._width}} | ", style=self._colours.get(name, "white"))
        self._print(front + (self._readable(line) if self.is_terminal else Text(line)))

    def _print(self, text: Text) -> None:
        try:
            self._rich.print(text)
        except OSError:
            # The terminal is gone; whoever asked to stop still wants everything stopped.
            sys.stderr = sys.stdout = open("/dev/null", "w")  # noqa: SIM115, PTH123

    def _board(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name in self._names:
            state = self._states[name]
            ready = state.startswith("ready")
            mark = Text("✓", style="green") if ready else Text("…", style="yellow")
            table.add_row(mark, Text(name, style=self._colours[name]), state)
        return table

    @staticmethod
    def _readable(line: str) -> Text:
        """Turn a JSON log line into time, level, event and the rest; another line stays as it is."""
        if not line.startswith("{"):
            return Text(line)
        try:
            entry: dict[str, Any] = json.loads(line)
        except ValueError:
            return Text(line)
        when = str(entry.get("timestamp") or entry.get("time") or "")[11:19]
        level = str(entry.get("level", "info")).lower()
        event = str(entry.get("event") or entry.get("message") or "")
        text = Text(f"{when} ", style="dim") + Text(event, style=LEVELS.get(level, ""))
        rest = (f"{key}={value}" for key, value in entry.items() if key not in IN_FRONT)
        text += Text("  " + " ".join(rest), style="dim")
        for frame in entry.get("stack") or []:
            text += Text(f"\n    {frame}", style="dim")
        return text
