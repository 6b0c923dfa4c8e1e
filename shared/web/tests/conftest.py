from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from shared.identity import Role
from shared.identity.local import LocalKeys, ensure_keys, issue_token
from shared.web.tests import sample

Caller = Callable[..., Any]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def keys(folder: Path) -> LocalKeys:
    return ensure_keys(folder)


@pytest.fixture
def app(folder: Path, keys: LocalKeys) -> FastAPI:
    return sample.build(sample.settings(folder))


@pytest_asyncio.fixture
async def calling(keys: LocalKeys) -> AsyncIterator[Caller]:
    """``calling(app, role=...)``: a client of an application; without a role it has no token."""
    async with AsyncExitStack() as stack:

        async def enter(app: FastAPI, role: Role | None = Role.DIRECTOR, **headers: str) -> httpx.AsyncClient:
            if role is not None:
                headers["Authorization"] = f"Bearer {issue_token(keys, role)}"
            transport = httpx.ASGITransport(app)
            return await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://sample.test", headers=headers)
            )

        yield enter


@pytest_asyncio.fixture
async def director(app: FastAPI, calling: Caller) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await calling(app)
    return client


@pytest_asyncio.fixture
async def stranger(app: FastAPI, calling: Caller) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await calling(app, role=None)
    return client
