"""Debian's libfaketime: found, or installed when run as root, as the tests of the pages do with Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from shared.local.paths import root

PLACES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")
MISSING = "no libfaketime on this machine and none could be installed (Debian's package libfaketime)"


def find() -> str | None:
    """The library's path, if it is there."""
    for pattern in PLACES:
        for found in sorted(Path("/").glob(pattern.lstrip("/"))):
            return str(found)
    return None


@cache
def library() -> str | None:
    """The library's path, installed if this is root on a machine with apt; null where it cannot be had."""
    found = find()
    if found or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    packages = ["install", "--yes", "--no-install-recommends", "libfaketime"]
    for arguments in (["update"], packages):
        subprocess.run(
            ["apt-get", "--quiet", "--quiet", *arguments],
            env=environment,
            capture_output=True,
            check=False,
            cwd=root(),
        )
    return find()


def settings(clock: Path) -> dict[str, str]:
    """The environment of a process whose clock is what the file says, such as `+3600`, at once.

    Only the clock on the wall is wrong: time-outs are measured with the monotonic one, as on a real machine
    whose clock is set.
    """
    return {
        "LD_PRELOAD": library() or "",
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
