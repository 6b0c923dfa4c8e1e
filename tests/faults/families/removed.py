"""The proof of the suite: without one of the product's safeties, the row that needs it has to fail."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.faults.checks import REACTS_TO
from tests.faults.families import broker, deliveries, engines, groups, kills, poison
from tests.faults.scene import Row, Scene
from tests.faults.world import SERVICES

RECONCILIATION = "no-reconciliation"


@dataclass(frozen=True)
class Removal:
    """A safety, the patch that removes it, and the row that shows what it is for."""

    safety: str
    patch: str
    row: Row
    services: tuple[str, ...]
    reconciliation: bool = False

    @property
    def name(self) -> str:
        return f"without-{self.patch}"

    @property
    def patches(self) -> str:
        return self.patch if self.reconciliation else f"{self.patch},{RECONCILIATION}"


def _row(rows: list[Row], name: str) -> Row:
    """A row of the suite with fewer commands: it is expected to fail."""
    return replace(next(row for row in rows if row.name == name), settle_s=30.0, commands=400)


def _times(count: int, row: Row) -> Row:
    """The same fault again and again: a kill may also hit a moment in which nothing was at stake."""

    async def act(scene: Scene) -> None:
        for _ in range(count):
            await row.act(scene)

    return replace(row, act=act)


REMOVALS: list[Removal] = [
    Removal(
        "pull only what Kafka has acknowledged",
        "pull-before-publish",
        _times(2, _row(kills.ROWS, "kill-owner-before-publish")),
        ("agenda", "dashboard"),
    ),
    Removal(
        "pull only what the journal has acknowledged",
        "pull-before-journal",
        _times(
            2,
            replace(
                _row(kills.ROWS, "kill-owner-before-publish"), act=kills.kill_at("agenda", "before-journal")
            ),
        ),
        ("agenda", "agreements", "dashboard"),
    ),
    Removal(
        "publish only what the majority has acknowledged",
        "publish-unacknowledged",
        _row(engines.ROWS, "mongod-kill"),
        SERVICES,
    ),
    Removal(
        "commit only what was finished",
        "commit-before-work",
        _row(kills.ROWS, "kill-reader-before-projections"),
        ("dashboard",),
    ),
    Removal("marks of reactions", "no-mark", _row(deliveries.ROWS, "deliveries-again"), tuple(REACTS_TO)),
    Removal(
        "the contiguous mark moves after history",
        "mark-before-history",
        _row(broker.ROWS, "broker-emptied-after-kill"),
        ("dashboard",),
        reconciliation=True,
    ),
    Removal("dead letters", "drop-dead-letters", _row(poison.ROWS, "poison"), deliveries.READERS),
    Removal("the watchdog", "no-watchdog", _row(groups.ROWS, "reader-silent"), ("dashboard",)),
    Removal(
        "writes of the majority, journalled", "w1", _times(3, _row(engines.ROWS, "mongod-kill")), SERVICES
    ),
]
