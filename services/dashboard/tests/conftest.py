"""Fixtures that several files of these tests ask for."""

from collections.abc import AsyncIterator, Callable

import pytest

from services.dashboard.tests.commanding import city
from services.dashboard.tests.other_provider import OtherProvider, other_provider
from services.dashboard.tests.signing_on import Doors, doors
from shared.store import Database, close, connect

__all__ = ["city"]


@pytest.fixture
async def database(mongodb_uri: str, database_name: Callable[[str], str]) -> AsyncIterator[Database]:
    """The dashboard's own, for one test."""
    client = connect(mongodb_uri)
    yield client[database_name("dashboard")]
    await close(client)


@pytest.fixture
async def provider() -> AsyncIterator[OtherProvider]:
    """An identity provider of another make than Keycloak."""
    async with other_provider() as running:
        yield running


@pytest.fixture
async def here(provider: OtherProvider, database: Database) -> AsyncIterator[Doors]:
    """The dashboard's doors before that provider."""
    async with doors(provider, database) as opened:
        yield opened
