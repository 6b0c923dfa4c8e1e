"""The import routes of the services, as the `ponte` command calls them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlsplit

import httpx
from pydantic import ValidationError

from shared.imports.cells import digest
from shared.imports.matching import Target
from shared.imports.messages import CellsIn, ChecksOut, KindsOut, RowIn, RowOut, RowsIn

PATIENCE_S = 30.0
"""How long a row is sent again to a service that is away or too busy (seconds)."""

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class ServiceAway(Exception):
    """A service does not answer, or answers what cannot be used; the text is one sentence that names it."""


class ImportClient:
    """One person's calls to the services. ``services`` are base addresses by name."""

    def __init__(self, services: Mapping[str, str], token: str, *, patience: float = PATIENCE_S) -> None:
        self._services = dict(services)
        self._patience = patience
        local = all(urlsplit(url).hostname in _LOOPBACK for url in services.values())
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            timeout=httpx.Timeout(30.0, connect=5.0),
            trust_env=not local,  # a proxy of the environment does not know this machine's loopback
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def targets(self) -> tuple[list[Target], list[str]]:
        """What the services import, and a sentence for those that could not be asked."""
        found = await asyncio.gather(*(self._kinds(name) for name in self._services))
        targets = [target for answer in found if isinstance(answer, list) for target in answer]
        reasons: dict[str, list[str]] = {}
        for name, answer in zip(self._services, found, strict=True):
            if isinstance(answer, str):
                reasons.setdefault(answer, []).append(name)
        return targets, [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]

    async def check(self, target: Target, rows: Sequence[RowIn]) -> list[RowOut]:
        """What importing the rows would do, in their order. Raises ``ServiceAway``."""
        body = RowsIn(rows=list(rows)).model_dump_json().encode()
        response = await self._send(target.service, "POST", f"{_path(target)}/check", body)
        if response.status_code != 200:
            raise _refused(target.service, response)
        return ChecksOut.model_validate_json(response.content).items

    async def put(self, target: Target, row: RowIn, base: str) -> RowOut:
        """Import one row. ``base`` is the digest that its check gave, so that a repeated call is the same.

        Raises ``ServiceAway``.
        """
        path = f"{_path(target)}/{quote(row.key, safe='')}"
        key = f"import-{digest(target.kind.kind, row.key, row.cells, base)}"
        body = CellsIn(cells=row.cells).model_dump_json().encode()
        response = await self._send(target.service, "PUT", path, body, {"Idempotency-Key": key})
        if response.status_code not in {200, 409, 422}:
            raise _refused(target.service, response)
        try:
            answer = RowOut.model_validate_json(response.content)
        except ValidationError:
            raise _refused(target.service, response) from None
        return answer.model_copy(update={"line": row.line})

    async def _kinds(self, service: str) -> list[Target] | str:
        try:
            response = await self._http.get(f"{self._services[service]}/v1/imports/columns")
            if response.status_code == 404:
                return []
            if response.status_code != 200:
                return f"the answer is {_said(response)}"
            return [Target(service, kind) for kind in KindsOut.model_validate_json(response.content).items]
        except (httpx.TransportError, ValidationError):
            return f"there is no answer at {self._services[service]}"

    async def _send(
        self, service: str, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send until there is a definite answer: a repeated request does not do its work twice."""
        url = f"{self._services[service]}{path}"
        headers = {"Content-Type": "application/json", **(headers or {})}
        deadline = asyncio.get_running_loop().time() + self._patience
        while True:
            wait = 0.5
            try:
                response = await self._http.request(method, url, content=body, headers=headers)
                if response.status_code not in {429, 502, 503, 504}:
                    return response
                problem = _refused(service, response)
                wait = _seconds(response.headers.get("Retry-After"))
                if response.status_code == 429:  # the service is well and says when to come back
                    deadline += wait
            except httpx.TransportError:
                problem = ServiceAway(f"{service}: there is no answer at {self._services[service]}")
            if asyncio.get_running_loop().time() + wait > deadline:
                raise problem
            await asyncio.sleep(wait)


def _path(target: Target) -> str:
    return f"/v1/imports/{target.kind.kind}"


def _seconds(header: str | None) -> float:
    return float(header) if header and header.isdigit() else 1.0


def _refused(service: str, response: httpx.Response) -> ServiceAway:
    return ServiceAway(f"{service}: the answer is {_said(response)}")


def _said(response: httpx.Response) -> str:
    try:
        detail = str(response.json()["detail"]).rstrip(".")
    except (ValueError, KeyError, TypeError):
        detail = response.reason_phrase
    return f"{response.status_code}, {detail}"
