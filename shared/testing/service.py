"""One service in the test's own process, on the run's real engines, with callers of every role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from shared.identity import Role
from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import LocalKeys, issue_token
from shared.identity.rights import SCOPES
from shared.web import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True, slots=True)
class Service:
    """A running service and how to call it."""

    app: FastAPI
    settings: ServiceSettings
    keys: LocalKeys
    _stack: AsyncExitStack = field(repr=False)

    async def caller(self, role: Role | None, *, scopes: Iterable[str] = SCOPES) -> httpx.AsyncClient:
        """A client with a token for ``role`` (null: none) that asks for English; closed with the service.

        A program's token names all that programs may do, unless ``scopes`` are given.
        """
        headers = {"Accept-Language": "en"}
        if role is not None:
            headers["Authorization"] = f"Bearer {issue_token(self.keys, role, scopes=scopes)}"
        return await self._stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app), base_url="http://service.test", headers=headers
            )
        )


@asynccontextmanager
async def running(
    build_app: Callable[[S], FastAPI], settings_class: type[S], keys: LocalKeys, **settings: Any
) -> AsyncIterator[Service]:
    """The service from its start to its end; ``settings`` name at least the engines."""
    values = {
        "oidc_issuer": LOCAL_ISSUER,
        "oidc_jwks": str(keys.jwks_file),
        "metrics_token_file": keys.metrics_token_file,
        **settings,
    }
    made = settings_class(**values)
    app = build_app(made)
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        yield Service(app, made, keys, stack)
