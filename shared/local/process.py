"""Child processes that never outlive their parent, and are stopped by the number of the process alone."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec must not load libraries.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with(parent: int) -> Callable[[], None]:
    def before_exec() -> None:
        if _LIBC is not None:
            _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)  # the parent died in between, so the signal will never come

    return before_exec


def spawn(
    command: Sequence[str],
    *,
    output: IO[bytes] | int,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that a terminal's Ctrl-C reaches only the parent.

    On Linux the kernel sends it SIGTERM when the parent's thread that started it ends, even by SIGKILL.

    Raises:
        OSError: the program cannot be run.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd=folder,
        start_new_session=True,
        preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 (only calls made ready before the fork)
    )


async def exited(process: subprocess.Popen[bytes], within: float) -> bool:
    """Wait until the process has ended, at most `within` seconds; tell whether it has."""
    deadline = time.monotonic() + within
    while process.poll() is None:
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(0.02)
    return True


async def stop(process: subprocess.Popen[bytes], within: float) -> bool:
    """Send SIGTERM and, `within` seconds later, SIGKILL; tell whether it stopped by itself."""
    if process.poll() is not None:
        return True
    process.terminate()
    if await exited(process, within):
        return True
    process.kill()
    await exited(process, 10)
    return False


def birth(pid: int) -> str | None:
    """Return the start time of a living process in clock ticks (Linux only), or None.

    With the number it names a process for good, although numbers are used again.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The program's name may hold spaces and brackets, so count from its closing bracket.
    fields = stat[stat.rindex(")") + 2 :].split()
    return None if fields[0] == "Z" else fields[19]


def remember(file: Path, pid: int) -> None:
    """Write down which process belongs to a data folder."""
    file.write_text(f"{pid} {birth(pid)}\n")


def end_stale(file: Path, within: float = 10) -> bool:
    """End the process that a former run left behind, if it still lives; tell whether there was one.

    Exactly the one that the file names: its number and its start time have to fit.
    """
    try:
        pid_text, born = file.read_text().split()
        pid = int(pid_text)
    except (OSError, ValueError):
        return False
    if born == "None" or birth(pid) != born:
        file.unlink(missing_ok=True)
        return False
    deadline = time.monotonic() + within
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        while birth(pid) == born:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    file.unlink(missing_ok=True)
    return True
