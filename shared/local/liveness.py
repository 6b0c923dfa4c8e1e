"""Whether a service still lives, judged from outside: one that does not is ended, so that it starts anew."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

ALIVE: Final = "/status?probe=alive"
NOT_ALIVE: Final = 503
"""The service's own word that only a restart can help. Any other answer is one of a living process."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. A slow machine makes a service late, not dead: hence more than one probe, and patience."""

    every: float = 5.0
    within: float = 5.0
    """A probe that takes longer has failed."""
    patience: float = 20.0
    """For so long every probe has to have failed."""
    starting: float = 300.0
    """So long a new process has for its first answer: it may have to wait for its database."""
    most_patience: float = 320.0
    """Each restart doubles the patience up to this: what a restart did not cure is not restarted for ever."""
    forgiven: float = 900.0
    """A service that lived so long without a failed judgement has its first patience again."""
    probes: int = 3
    """Failed probes that a judgement needs at least."""


@dataclass(slots=True)
class Liveness:
    """Judges probes of one service, across the restarts of its process."""

    limits: Limits = field(default_factory=Limits)
    now: Callable[[], float] = time.monotonic
    _doubled: float = 0.0
    _judged_at: float = 0.0
    _sign_at: float = 0.0
    _failed: int = 0
    _answered: bool = False

    def begin(self) -> None:
        """A new process starts."""
        self._answered, self._failed, self._sign_at = False, 0, self.now()

    def saw(self, status: int | None, *, late: float = 0.0) -> bool:
        """Whether the process is to be ended, after a probe that answered ``status`` (null: nothing).

        ``late`` is by how many seconds this process itself came late to the probe: where the whole machine
        stood still, a silence says nothing about the service.
        """
        lives = status not in {None, NOT_ALIVE}
        if lives or late > self.limits.within:
            self._answered = self._answered or lives
            self._failed, self._sign_at = 0, self.now()
            return False
        self._failed += 1
        if self._failed < self.limits.probes or self.now() - self._sign_at < self.patience:
            return False
        self._doubled = min(self._living_patience() * 2, self.limits.most_patience)
        self._judged_at = self.now()
        return True

    @property
    def patience(self) -> float:
        """Seconds of silence that are borne now."""
        return self._living_patience() if self._answered else self.limits.starting

    def _living_patience(self) -> float:
        if not self._doubled or self.now() - self._judged_at > self.limits.forgiven:
            return self.limits.patience
        return self._doubled


async def watch(liveness: Liveness, probe: Callable[[], Awaitable[int | None]]) -> float:
    """Return once the process is to be ended, with the seconds of silence that it was given."""
    liveness.begin()
    limits = liveness.limits
    while True:
        planned = liveness.now() + limits.every
        await asyncio.sleep(limits.every)
        late = liveness.now() - planned
        status = await probe()
        given = liveness.patience
        if liveness.saw(status, late=late):
            return given
