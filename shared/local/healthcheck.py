"""The health check of the image: ready or not, and the end of a service that no longer lives.

Docker notes that a container is unhealthy and leaves it running. So this check, after a minute without a sign
of life, kills the service itself; the container ends with it, and its restart policy starts it anew.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from shared.local.liveness import ALIVE, NOT_ALIVE
from shared.local.probe import status_of

PATIENCE_S = 60.0
WITHIN_S = 4.0
STARTING_S = 300.0
"""A service that waits for its database answers nothing yet: this long it is left alone."""
INIT = 1
MINE = "PONTE_CONTAINER"
"""Set in the image alone: elsewhere nothing is ever ended."""


async def check(port: int, state: Path, *, init: int = INIT, now: float | None = None) -> int:
    """The exit status: 0 if the service on ``port`` is ready. ``state`` remembers the last sign of life.

    ``init`` is the number of the process whose children may be ended.
    """
    now = time.time() if now is None else now
    lives = await status_of(port, ALIVE, within=WITHIN_S) not in {None, NOT_ALIVE}
    if lives:
        state.write_text(f"{now} lived")
        return 0 if await status_of(port, within=WITHIN_S) == 200 else 1
    since, had_lived = _last_sign(state, now)
    if now - since > (PATIENCE_S if had_lived else STARTING_S) and os.environ.get(MINE):
        for pid in children(init):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    return 1


def _last_sign(state: Path, now: float) -> tuple[float, bool]:
    try:
        at, *lived = state.read_text().split()
        return float(at), bool(lived)
    except (OSError, ValueError):
        state.write_text(str(now))
        return now, False


def children(parent: int) -> Iterator[int]:
    """The processes that ``parent`` has started, without this one (Linux)."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = (entry / "stat").read_text()
            if int(stat[stat.rindex(")") + 2 :].split()[1]) == parent:
                yield int(entry.name)


if __name__ == "__main__":
    sys.exit(asyncio.run(check(int(os.environ["PONTE_HTTP_PORT"]), Path("/tmp/ponte-sign-of-life"))))  # noqa: S108 - the container's own
