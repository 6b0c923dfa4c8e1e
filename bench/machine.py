"""What a result says about where it was measured."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("faststream", "aiokafka", "motor", "pymongo", "fastapi", "pydantic", "uvicorn")


def load() -> float:
    """Processes that wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 1)


def machine(load_before: float) -> dict[str, Any]:
    """Cores, memory in GiB, kernel, Python and package versions, the day (UTC), and how busy it was before.

    ``load_before``: processes that wanted a core during the minute before the measurement; more than a few
    tenths are others' work, and the figures will scatter.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "load_before": load_before,
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory, 1),
        "cpu": _cpu(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "engines": {"kafka": "4.4.0", "mongod": "6.0.5"},
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
