from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.dossiers.app import build_app
from services.dossiers.settings import Settings
from shared.identity.local import ensure_keys
from shared.testing.service import Service, running


@pytest.fixture
async def dossiers(
    mongodb_uri: str,
    kafka_bootstrap: str,
    database_name: Callable[[str], str],
    topic_prefix: str,
    tmp_path: Path,
) -> AsyncIterator[Service]:
    async with running(
        build_app,
        Settings,
        ensure_keys(tmp_path),
        mongodb_uri=mongodb_uri,
        kafka_bootstrap_servers=kafka_bootstrap,
        database_prefix=database_name(""),
        topic_prefix=f"{topic_prefix}.",
    ) as service:
        yield service
