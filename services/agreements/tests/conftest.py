from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.agreements.app import build_app
from services.agreements.settings import Settings
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.serving import Served, serving, surroundings


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def agreements(
    mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("agreements")
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, folder) as around,
        serving(around, build_app, Settings) as served,
    ):
        yield served
