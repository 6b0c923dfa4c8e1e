"""Ctrl-C at a long command: it ends at the next place where it can be taken up again."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import typer

INTERRUPTED: Final = 130
"""The exit status of a command that was stopped by hand."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_asked() -> Iterator[asyncio.Event]:
    """The event is set at the first Ctrl-C; a second one ends the command where it stands."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    task = asyncio.current_task()

    def on_signal() -> None:
        if asked.is_set() and task is not None:
            task.cancel()
        asked.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal)
    try:
        yield asked
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def run(work: Coroutine[Any, Any, None], *, stopped: str) -> None:
    """Run a command; ``stopped`` tells what a person who ended it at once has to know."""
    try:
        asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo(f"ponte: {stopped}", err=True)
        raise typer.Exit(INTERRUPTED) from None
