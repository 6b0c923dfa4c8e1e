"""How far a replay is, remembered on this machine, so that the same command goes on after an interruption."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

STATE = Path("ponte") / "replays"


@dataclass
class Cursor:
    """What one owner has sent of one replay; ``after`` is the last place of the last page."""

    since: str | None = None
    """The bounds as they were when the replay began: ``2h`` ago means another time later."""
    until: str | None = None
    after: tuple[str, int, int] | None = None
    done: int = 0
    epoch: int = 0
    finished: bool = False


def folder() -> Path:
    """Where they lie: the state folder of the XDG base directories."""
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / STATE


class Cursors:
    """The cursors of one command, one per owner's topic; ``what`` tells the command from any other."""

    def __init__(self, *what: str | None) -> None:
        digest = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24]
        self._file = folder() / f"{digest}.json"

    def load(self) -> dict[str, Cursor]:
        """By topic; empty where no such replay was begun, or its file cannot be read."""
        try:
            told = json.loads(self._file.read_text())
            return {
                topic: Cursor(**{**fields, "after": tuple(fields["after"]) if fields["after"] else None})
                for topic, fields in told.items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def save(self, cursors: dict[str, Cursor]) -> None:
        """Whole or not at all."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps({topic: asdict(cursor) for topic, cursor in cursors.items()}))
        new.replace(self._file)

    def forget(self) -> None:
        """The replay is over."""
        self._file.unlink(missing_ok=True)
