"""Where every task of a service stood when its reader's subscriber was replaced: what explains a row."""

from __future__ import annotations

import asyncio
import io
import time
from pathlib import Path
from typing import Any


def install(folder: Path) -> None:
    """Have `Reader._replace` write the stacks of all tasks to a file of the process's folder first."""
    from shared.messaging.reader import Reader

    original = Reader._replace

    async def replace(self: Any, why: str) -> None:
        text = io.StringIO()
        text.write(f"{why}\n")
        for task in sorted(asyncio.all_tasks(), key=str):
            text.write(f"\n{task.get_name()}\n")
            task.print_stack(limit=12, file=text)
        (folder / f"silent-{time.time():.1f}.txt").write_text(text.getvalue())
        await original(self, why)

    Reader._replace = replace  # type: ignore[method-assign]
