"""The whole log of one service in a file that cannot grow without end."""

from pathlib import Path
from typing import BinaryIO

# Beyond this a file is set aside, and one older file is kept: at most twice as much per service.
LIMIT = 8 * 1024 * 1024


class LogFile:
    """Lines appended to a file; a full disk costs log lines and nothing else."""

    def __init__(self, path: Path, limit: int = LIMIT) -> None:
        """Take the file (its folder is made) and the size in bytes at which it is set aside."""
        self._path = path
        self._limit = limit
        self._file: BinaryIO | None = None

    def write(self, line: bytes) -> None:
        """Append a line."""
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("ab", buffering=0)
            if self._file.tell() > self._limit:
                self.close()
                self._path.replace(self._path.with_suffix(f"{self._path.suffix}.1"))
                self._file = self._path.open("ab", buffering=0)
            self._file.write(line + b"\n")
        except OSError:
            self.close()

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None
