"""For what a value is kept that was found at some place."""

from __future__ import annotations

from shared.privacy.declared import Activity, Declarations
from shared.privacy.walk import EACH


def activity_at(declared: Declarations, collection: str, path: str) -> Activity | None:
    """The activity that declares this place, the longest declaration first; null where none does."""
    steps = path.split(".")
    if steps[0] == "outbox":
        # An event that waits here stands in the journal in a moment.
        found = activity_at(declared, "journal", ".".join(steps[2:]))
        if found is not None:
            return found
    fitting = [held for held in declared.stored.get(collection, ()) if _begins(steps, held.path.split("."))]
    best = max(fitting, key=lambda held: held.path.count("."), default=None)
    return best.activity if best is not None else None


def _begins(steps: list[str], declared: list[str]) -> bool:
    """Whether a place lies at, or within, a declared one."""
    return len(steps) >= len(declared) and all(
        one in (EACH, other) for one, other in zip(declared, steps, strict=False)
    )
