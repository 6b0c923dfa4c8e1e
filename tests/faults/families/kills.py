"""Processes that die: at a chosen step by SIGKILL, or told to stop by SIGTERM."""

from __future__ import annotations

import signal

from tests.faults.scene import LONG_RATE, Act, Row, Scene

OWNER_POINTS = {
    "stored": "after the command's write, before the relay has it",
    "before-publish": "before publishing",
    "published-not-journalled": "published, not in the journal",
    "journalled-not-published": "in the journal, not acknowledged by Kafka",
    "before-pull": "published and in the journal, still in the outbox",
    "after-pull": "pulled from the outbox",
}
READER_POINTS = {
    "before-projections": "a batch fetched, nothing done with it",
    "states-not-feed": "latest states stored, the feed not",
    "feed-not-mark": "states and feed stored, the mark not",
    "mark-not-note": "everything stored, the offset not noted",
    "before-commit": "the offset noted, not committed",
}


def kill_at(service: str, point: str, *, nth: int = 5) -> Act:
    async def act(scene: Scene) -> None:
        await scene.kill_at(scene.world.replicas[service][0], point, nth=nth)

    return act


def end_both(service: str) -> Act:
    """SIGTERM for one process and, when it is back, for the other: a rolling restart."""

    async def act(scene: Scene) -> None:
        for replica in scene.world.replicas[service]:
            await scene.end(replica, signal.SIGTERM)
            await scene.world.ready()

    return act


ROWS: list[Row] = [
    *(
        Row(f"kill-owner-{point}", f"kill -9 of an owner: {told}", kill_at("agenda", point))
        for point, told in OWNER_POINTS.items()
    ),
    *(
        Row(f"kill-reader-{point}", f"kill -9 of the dashboard: {told}", kill_at("dashboard", point))
        for point, told in READER_POINTS.items()
    ),
    Row(
        "kill-reaction-not-mark",
        "kill -9 of agreements: a reaction stored, its offset not noted",
        kill_at("agreements", "reaction-not-mark", nth=2),
    ),
    *(
        Row(
            f"sigterm-{service}",
            f"SIGTERM of both processes of {service}, in turn",
            end_both(service),
            rate=LONG_RATE,
        )
        for service in ("agenda", "agreements", "networks", "dossiers", "dashboard")
    ),
]
