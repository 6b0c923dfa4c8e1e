"""The lines of an engine's log that the person at the terminal should see; the rest stays in its file."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path


def severe(line: str) -> str | None:
    """Return what to show of a line, or None where it is everyday business.

    A `mongod` writes JSON with a severity of one letter; Kafka's lines name their level.
    """
    if line.startswith("{"):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry.get("s") in ("E", "F"):
                return f"{entry.get('msg')} {json.dumps(entry.get('attr', {}))}"
        return None
    return line if "] ERROR " in line or "] FATAL " in line else None


async def follow(file: Path, show: Callable[[str], None]) -> None:
    """Show every severe line that is written from now on, until cancelled."""
    position = file.stat().st_size if file.exists() else 0
    rest = b""
    while True:
        await asyncio.sleep(0.5)
        try:
            size = file.stat().st_size
            if size < position:
                position, rest = 0, b""  # set aside at a new start
            if size == position:
                continue
            with file.open("rb") as log:
                log.seek(position)
                *lines, rest = (rest + log.read(size - position)).split(b"\n")
        except OSError:
            continue
        position = size
        for line in lines:
            shown = severe(line.decode(errors="replace"))
            if shown:
                show(shown)
