"""The units' APIs as the pages call them: with the signed-in person's own token, and never for long.

A unit decides itself what that person may see; the dashboard adds no right to it. A unit that is away, busy
or says no is a ``UnitFailed`` of that unit alone: the page goes on with the others and says which one lacks.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import Counter

from shared.telemetry.context import request_id

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("ponte.dashboard.units")

CONNECT_S: Final = 1.5
ANSWER_S: Final = 6.0
"""Seconds that a unit has for an answer; a page waits for the slowest, so it is short."""
PAUSE_S: Final = 20.0
"""Seconds that a stream may rest between two pieces."""
MOST_AT_ONCE: Final = 200
"""Connections; a download holds one to each unit while it lasts."""
LONGEST_WAIT_S: Final = 3600

ASKED: Final = Counter(
    "ponte_dashboard_unit_requests_total",
    "Requests of the pages to the units' APIs by how they ended",
    ["unit", "outcome"],
)


class Trouble(StrEnum):
    """Why a unit gave nothing."""

    AWAY = "away"  # it does not answer, or not in time
    BUSY = "busy"  # too many requests of this person
    FORBIDDEN = "forbidden"  # the person's roles do not cover it
    SIGNED_OUT = "signed-out"  # the token does not hold any more
    REFUSED = "refused"  # it does not take these parameters
    UNFIT = "unfit"  # something answers that is not this unit


class UnitFailed(Exception):
    """``unit`` gave nothing; ``seconds`` says when to come back, where it said so."""

    def __init__(self, unit: str, trouble: Trouble, seconds: int | None = None) -> None:
        self.unit, self.trouble, self.seconds = unit, trouble, seconds
        super().__init__(f"{unit}: {trouble}")


@dataclass(frozen=True, slots=True)
class Bearer:
    """For whom a unit is asked: the person's own token, language, and network address."""

    token: str = field(repr=False)
    language: str = "it"
    address: str | None = None

    def headers(self) -> dict[str, str]:
        """What every request carries; the unit's log has the same request id as the page's."""
        headers = {"authorization": f"Bearer {self.token}", "accept-language": self.language}
        if self.address:
            headers["x-forwarded-for"] = self.address
        if current := request_id.get():
            headers["x-request-id"] = current
        return headers


class Units:
    """One pool of connections to all units; ``addresses`` by the unit's service."""

    def __init__(self, addresses: Mapping[str, str], *, answer_within: float = ANSWER_S) -> None:
        self._addresses = {unit: address.rstrip("/") for unit, address in addresses.items()}
        self._within = answer_within
        self._made: httpx.AsyncClient | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The units' services, in the order in which the pages name them."""
        return tuple(self._addresses)

    async def close(self) -> None:
        """End every connection."""
        made, self._made = self._made, None
        if made is not None:
            await made.aclose()

    async def get(self, unit: str, path: str, params: Mapping[str, str], bearer: Bearer) -> dict[str, Any]:
        """The JSON object that a unit answers. Raises ``UnitFailed``."""
        import httpx

        try:
            async with asyncio.timeout(self._within):
                answer = await self._client().get(
                    self._addresses[unit] + path, params=dict(params), headers=bearer.headers()
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._failed(unit, Trouble.AWAY, error) from None
        self._judge(unit, answer)
        try:
            content = answer.json()
        except ValueError as error:
            raise self._failed(unit, Trouble.UNFIT, error) from None
        if not isinstance(content, dict):
            raise self._failed(unit, Trouble.UNFIT)
        ASKED.labels(unit, "ok").inc()
        return content

    @asynccontextmanager
    async def stream(
        self, unit: str, path: str, params: Mapping[str, str], bearer: Bearer
    ) -> AsyncIterator[httpx.Response]:
        """What a unit streams, from its first byte on. Raises ``UnitFailed`` where it does not begin.

        One that breaks off later raises ``httpx.HTTPError`` to whoever reads it.
        """
        import httpx

        request = self._client().build_request(
            "GET",
            self._addresses[unit] + path,
            params=dict(params),
            headers=bearer.headers(),
            timeout=httpx.Timeout(PAUSE_S, connect=CONNECT_S),
        )
        try:
            async with asyncio.timeout(self._within):
                answer = await self._client().send(request, stream=True)
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._failed(unit, Trouble.AWAY, error) from None
        try:
            self._judge(unit, answer)
            ASKED.labels(unit, "ok").inc()
            yield answer
        finally:
            await answer.aclose()

    def _client(self) -> httpx.AsyncClient:
        if self._made is None:
            import httpx

            self._made = httpx.AsyncClient(
                # A token goes to the unit that it was meant for: to no proxy, and nowhere else that it names.
                follow_redirects=False,
                trust_env=False,
                verify=ssl.create_default_context(),
                timeout=httpx.Timeout(self._within, connect=CONNECT_S),
                limits=httpx.Limits(max_connections=MOST_AT_ONCE, max_keepalive_connections=8),
            )
        return self._made

    def _judge(self, unit: str, answer: httpx.Response) -> None:
        if answer.status_code == 200:
            return
        trouble = _TROUBLES.get(answer.status_code, Trouble.AWAY)
        raise self._failed(unit, trouble, seconds=_seconds(answer.headers.get("retry-after", "")))

    def _failed(
        self, unit: str, trouble: Trouble, error: Exception | None = None, *, seconds: int | None = None
    ) -> UnitFailed:
        ASKED.labels(unit, trouble).inc()
        # No words of the unit's: an answer may repeat what was asked for.
        log.warning("%s gave nothing: %s%s", unit, trouble, f" ({type(error).__name__})" if error else "")
        return UnitFailed(unit, trouble, seconds)


_TROUBLES: Final = {
    401: Trouble.SIGNED_OUT,
    403: Trouble.FORBIDDEN,
    400: Trouble.REFUSED,
    422: Trouble.REFUSED,
    429: Trouble.BUSY,
    404: Trouble.UNFIT,
    405: Trouble.UNFIT,
    301: Trouble.UNFIT,
    302: Trouble.UNFIT,
    307: Trouble.UNFIT,
    308: Trouble.UNFIT,
}


def _seconds(text: str) -> int | None:
    return min(int(text), LONGEST_WAIT_S) if text.isascii() and text.isdigit() else None
