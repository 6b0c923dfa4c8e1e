"""Where the local run keeps what git ignores."""

import os
from pathlib import Path


def root() -> Path:
    """Return the folder of the clone, or the working folder where Ponte is installed as a package."""
    clone = Path(__file__).resolve().parents[2]
    return clone if (clone / "pyproject.toml").is_file() else Path.cwd()


def data_folder() -> Path:
    """Return the data folder of `make run` (setting `PONTE_DATA`)."""
    return Path(os.environ.get("PONTE_DATA") or root() / ".ponte" / "data").resolve()


def engines_folder() -> Path:
    """Return the folder of the fetched engines (setting `PONTE_ENGINES`); safe to delete at any time."""
    return Path(os.environ.get("PONTE_ENGINES") or root() / ".ponte" / "engines").resolve()
