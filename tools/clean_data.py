"""Empties the data folder of `make run`, unless a run is using it. `make clean-data` calls it."""

import fcntl
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Remove the folder; return 1 with one sentence where it is in use or not a data folder of Ponte."""
    folder = Path(os.environ.get("PONTE_DATA") or ROOT / ".ponte" / "data").resolve()
    if not folder.exists():
        print(f"{folder} is empty already")
        return 0
    lock = folder / "run.lock"
    if not lock.is_file():
        # PONTE_DATA may have been set to somebody's home by mistake.
        print(f"{folder} is not a data folder of Ponte; nothing was removed.", file=sys.stderr)
        return 1
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Ponte is running on this data folder; stop it first.", file=sys.stderr)
            return 1
        shutil.rmtree(folder)
    print(f"{folder} is empty")
    return 0


if __name__ == "__main__":
    sys.exit(main())
