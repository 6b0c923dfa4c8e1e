"""What a fault of a row is given: the world under load, and where to write what was seen."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from shared.testing.waiting import eventually
from tests.faults import checks
from tests.faults.ledger import Ledger
from tests.faults.load import Load
from tests.faults.log import Ends
from tests.faults.replicas import Replica
from tests.faults.world import World, now

SAMPLE_S = 1.0
LATE_S = 0.5
RATE = 60.0
"""Corrections per second while the fault is there; travels and signatures come on top. Two cores bear it with
some to spare: beyond, the time to recover would tell of the queue, and not of the fault."""
LONG_RATE = 30.0
"""Where the fault takes half a minute: a thousand commands come together all the same."""


@dataclass
class Scene:
    """One run of one row."""

    world: World
    load: Load
    ledger: Ledger
    evidence: list[str] = field(default_factory=list)
    recovered_s: float | None = None
    letters: dict[str, int] = field(default_factory=dict)
    """Dead letters that the fault itself has to leave, by service."""
    restarts_allowed: int = 0
    problems: list[str] = field(default_factory=list)
    start: Ends = field(default_factory=dict)
    """Where the log ended when the row began."""
    afterwards: list[Callable[[], Awaitable[list[str]]]] = field(default_factory=list)
    """What else has to hold when everything has settled; each answers what does not."""

    def saw(self, text: str) -> None:
        """Write down evidence that the fault took place."""
        self.evidence.append(text)

    def expect_letters(self, **by_service: int) -> None:
        for service, count in by_service.items():
            self.letters[service] = self.letters.get(service, 0) + count

    async def accepted(self, more: int, within: float = 60) -> None:
        """Let the load go on until so many further commands were accepted."""
        until = self.load.accepted + more
        await eventually(lambda: self.load.accepted >= until, within=within)

    async def kill_at(
        self, replica: Replica, point: str, *, nth: int = 5, within: float = 40, recover: bool = True
    ) -> None:
        """Have a process kill itself at a point, and wait for its evidence (and until all is well again)."""
        before, ended = len(replica.fired()), len(replica.endings)
        replica.arm(point, nth)
        self.restarts_allowed += 1
        try:
            await eventually(lambda: len(replica.fired()) > before, within=within)
        except AssertionError:
            self.problems.append(f"{replica.name} never came to {point}")
            return
        finally:
            replica.disarm()
        await eventually(lambda: len(replica.endings) > ended, within=10)
        ending = replica.endings[-1]
        if ending.code == -signal.SIGKILL:
            self.saw(f"{replica.name} ended by SIGKILL at {point}, call {replica.fired()[-1]['hits']}")
        if recover:
            await self.recover(since=ending.at)

    async def end(self, replica: Replica, number: signal.Signals) -> None:
        """Send a process a signal and wait for its end; it is started again."""
        ended = len(replica.endings)
        self.restarts_allowed += 1
        since = now()
        replica.end(number, number.name)
        await eventually(lambda: len(replica.endings) > ended, within=30)
        code = replica.endings[-1].code
        if number is signal.SIGTERM and code != 0:
            self.problems.append(f"{replica.name} ended with {code} after SIGTERM")
        self.saw(f"{replica.name} ended with {code} after {now() - since:.1f} s by {number.name}")
        await self.recover(since=since)

    async def recover(self, *, since: float, within: float = 60) -> None:
        """Measure how long after `since` the page is up to date again.

        That is when the last event shows that was accepted in the first second and came late; where none
        came late, when the first one shows.
        """
        shown: dict[str, float] = {}
        while now() < since + within:
            after = [entry for entry in self.ledger.entries if entry.answered_at >= since]
            if after:
                first = min(entry.answered_at for entry in after)
                sample = [entry for entry in after if entry.answered_at <= first + SAMPLE_S]
                for event in await self._shown([e.event for e in sample if e.event not in shown]):
                    shown[event] = now()
                if now() > first + SAMPLE_S and all(entry.event in shown for entry in sample):
                    late = [shown[e.event] for e in sample if shown[e.event] - e.answered_at > LATE_S]
                    took = max(late, default=min(shown.values())) - since
                    self.recovered_s = max(took, self.recovered_s or 0.0)
                    return
            await asyncio.sleep(0.1)
        self.problems.append(f"the page was not up to date within {within:g} s")

    async def _shown(self, events: list[str]) -> list[str]:
        """Which of the events the page's feed holds."""
        dashboard = self.world.database("dashboard")
        feed = dashboard["feed" + await checks.suffix(dashboard)]
        return [row["_id"] for row in await feed.find({"_id": {"$in": events}}, {"_id": 1}).to_list()]


Act = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """A fault of the suite, as data."""

    name: str
    fault: str
    act: Act
    target_s: float | None = 8.0
    """What the time to recover should be; it fails only far beyond."""
    destroys: bool = False
    """The fault destroys what the broker held: reconciliation has to heal, and the log is not whole."""
    commands: int = 1000
    rate: float = RATE
    heals: bool = False
    """Reconciliation may have something to do although the broker lost nothing."""
    missing: Callable[[], str | None] = lambda: None
    """What this machine lacks for the row, in words; then it is skipped, visibly."""
    signers: int = 2
    """How many agreements at a time are signed on a mission that was made for it."""
    settle_s: float = 60.0
