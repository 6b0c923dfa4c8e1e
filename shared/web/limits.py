"""Limits of what one client may send: requests a minute and bytes a body."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from shared.web.errors import BodyTooLarge

_CLIENTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client has left. ``reset``: seconds until it has everything again; ``wait``: until the next."""

    limit: int
    remaining: int
    reset: int
    wait: int
    granted: bool

    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The three headers of the national guidelines."""
        return (
            (b"x-ratelimit-limit", str(self.limit).encode()),
            (b"x-ratelimit-remaining", str(self.remaining).encode()),
            (b"x-ratelimit-reset", str(self.reset).encode()),
        )


class RateLimiter:
    """A token bucket for each client: ``per_minute`` at once, refilled evenly.

    It counts in this process only: with n replicas a client may send n times as much. The least recently
    seen clients are forgotten beyond 10,000, which gives them a full bucket.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> Allowance:
        """Take one request from the client's bucket; ``granted`` says whether there was one."""
        now = self._clock()
        rate = self._limit / 60
        left, since = self._buckets.get(client, (float(self._limit), now))
        left = min(float(self._limit), left + (now - since) * rate)
        granted = left >= 1
        if granted:
            left -= 1
        self._buckets[client] = (left, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        return Allowance(
            limit=self._limit,
            remaining=int(left),
            reset=-int(-(self._limit - left) // rate),
            wait=0 if granted else max(1, -int(-(1 - left) // rate)),
            granted=granted,
        )


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """``receive`` raising ``BodyTooLarge`` beyond ``limit`` bytes; a declared length is judged at once."""
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        raise BodyTooLarge(field="body", value=int(declared[:20]), limit=limit)
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge(field="body", value=seen, limit=limit)
        return message

    return counted
