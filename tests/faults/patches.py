"""What a process of the suite can be patched with from its start."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.faults import removals

Patch = Callable[[Path], None]


def shuffled_deliveries(folder: Path) -> None:
    """Hand messages to the reader twice, late and in another order; what is held back comes in the end."""
    from shared.messaging.delivery import Delivery

    original = Delivery.__call__
    chance = random.Random(str(folder))
    counts = folder / "shuffled"
    counts.write_text("0")
    late: list[Any] = []
    touched = 0

    async def shuffled(self: Delivery, records: Sequence[Any]) -> None:
        nonlocal touched
        batch, kept = list(records), list(late)
        held = [record for record in batch if chance.random() < 0.15]
        twice = [record for record in batch if chance.random() < 0.1]
        handed = [record for record in batch if record not in held] + twice + kept
        chance.shuffle(handed)
        await original(self, handed)
        late[:] = held
        touched += len(held) + len(twice)
        counts.write_text(str(touched))

    Delivery.__call__ = shuffled  # type: ignore[method-assign]


PATCHES: dict[str, Patch] = {
    "shuffled-deliveries": shuffled_deliveries,
    "no-reconciliation": removals.no_reconciliation,
    "pull-before-publish": removals.pull_before_publish,
    "pull-before-journal": removals.pull_before_journal,
    "publish-unacknowledged": removals.publish_unacknowledged,
    "commit-before-work": removals.commit_before_work,
    "no-mark": removals.no_mark,
    "mark-before-history": removals.mark_before_history,
    "drop-dead-letters": removals.drop_dead_letters,
    "no-watchdog": removals.no_watchdog,
    "w1": removals.w1,
}
