"""Fixtures that every test of the repository may ask for.

The engines are real and are started once per run, when the first test asks for one: a `mongod` (a replica set
of one), an Apache Kafka and a Keycloak, each in a temporary folder and on free loopback ports. They end with
the run, also when the run is killed; a folder that a killed run left behind is removed by pytest some runs
later.
"""

import logging
import secrets
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import pytest_asyncio

from shared.local.kafka import Kafka
from shared.local.keycloak import Keycloak
from shared.local.mongod import Mongod
from shared.testing.realm import CLIENT_ID, INTEGRATION_ID, REALM, Realm
from shared.testing.topics import drop_topics

ENGINE_FIXTURES = {
    "mongod",
    "kafka",
    "mongodb_uri",
    "kafka_bootstrap",
    "database_name",
    "topic_prefix",
    "realm",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that needs an engine, so that `-m 'not engines'` leaves the quick ones."""
    for item in items:
        if ENGINE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker("engines")


@pytest.fixture(autouse=True)
def loggers_stay() -> Iterator[None]:
    """What a test has made quiet, as the commands do to keep their tables clean, speaks again after it."""
    loggers = [logging.getLogger(name) for name in ("ponte", "aiokafka")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongod(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mongod]:
    """The run's `mongod`. A test of faults starts one of its own instead of killing this one."""
    folder = tmp_path_factory.mktemp("mongod")
    async with Mongod(folder) as engine:
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kafka]:
    """The run's Kafka. A test of faults starts one of its own instead of killing this one."""
    folder = tmp_path_factory.mktemp("kafka")
    async with Kafka(folder) as engine:
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def realm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Realm]:
    """The run's Keycloak with the realm of `deploy/keycloak/`, and its administrator.

    The first start of a machine fetches and builds it: tests that ask for it say `timeout(600)`.
    """
    folder = tmp_path_factory.mktemp("keycloak")
    known = {CLIENT_ID: secrets.token_urlsafe(24), INTEGRATION_ID: secrets.token_urlsafe(24)}
    placeholders = {
        "PONTE_OIDC_CLIENT_SECRET": known[CLIENT_ID],
        "PONTE_INTEGRATION_SECRET": known[INTEGRATION_ID],
    }
    engine = Keycloak(folder, REALM, placeholders)
    await engine.start(within=300)
    try:
        async with Realm(engine, known) as administered:
            yield administered
    finally:
        await engine.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def mongodb_uri(mongod: Mongod) -> str:
    """The connection string of the run's `mongod`."""
    return mongod.uri


@pytest.fixture
def kafka_bootstrap(kafka: Kafka) -> str:
    """The bootstrap address of the run's Kafka."""
    return kafka.bootstrap_servers


@pytest.fixture
def database_name(mongod: Mongod) -> Iterator[Callable[[str], str]]:
    """Make database names that no other test has: `database_name("agenda")` is the same all through one test.

    What was made is dropped after the test.
    """
    prefix = f"t{uuid.uuid4().hex[:10]}"
    yield lambda unit: f"{prefix}_{unit}"
    from pymongo import MongoClient

    client: MongoClient[dict[str, Any]]
    with MongoClient(mongod.uri, serverSelectionTimeoutMS=5000) as client:
        for name in client.list_database_names():
            if name.startswith(prefix):
                client.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def topic_prefix(kafka: Kafka) -> AsyncIterator[str]:
    """A beginning for topic and group names that no other test has; its topics are deleted after the test."""
    prefix = f"t{uuid.uuid4().hex[:10]}"
    yield prefix
    await drop_topics(kafka.bootstrap_servers, prefix)
