"""A whole service in a test: its own application on real engines, asked over ASGI with real tokens."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from shared.identity.local import LocalKeys, ensure_keys, issue_token
from shared.identity.rights import SCOPES
from shared.identity.roles import Role
from shared.store import Database, close, connect
from shared.testing.topics import drop_topics
from shared.testing.waiting import eventually
from shared.web import ServiceSettings

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class Surroundings:
    """What services of one test share: engines, keys, and a beginning of database and group names."""

    mongodb_uri: str
    kafka_bootstrap: str
    keys: LocalKeys
    prefix: str

    def settings(self, settings_class: type[S]) -> S:
        """A service's settings as `make run` would give them."""
        return settings_class.model_validate(
            {
                "kafka_bootstrap_servers": self.kafka_bootstrap,
                "mongodb_uri": self.mongodb_uri,
                "database_prefix": self.prefix,
                "topic_prefix": self.prefix,
                **{
                    name.removeprefix("PONTE_").lower(): value
                    for name, value in self.keys.environment().items()
                },
            }
        )


@dataclass(frozen=True)
class Served:
    """A running service."""

    app: FastAPI
    keys: LocalKeys
    database: Database

    def client(
        self,
        role: Role | str,
        *,
        language: str = "en",
        subject: str | None = None,
        scopes: Iterable[str] = SCOPES,
        **headers: str,
    ) -> httpx.AsyncClient:
        """A caller with a token of `role`; use it as an async context manager or as it stands.

        A program's token names all that programs may do, unless `scopes` are given.
        """
        token = issue_token(self.keys, Role(role), subject, scopes=scopes)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://test",
            headers={
                "authorization": f"Bearer {token}",
                "accept-language": language,
                **headers,
            },
        )


@asynccontextmanager
async def surroundings(mongodb_uri: str, kafka_bootstrap: str, folder: Path) -> AsyncIterator[Surroundings]:
    """Names of their own on the run's engines; the databases are dropped at the end."""
    prefix = f"t{uuid.uuid4().hex[:10]}_"
    try:
        yield Surroundings(mongodb_uri, kafka_bootstrap, ensure_keys(folder), prefix)
    finally:
        await drop_topics(kafka_bootstrap, prefix)
        client: Any = connect(mongodb_uri)
        for name in await client.list_database_names():
            if name.startswith(prefix):
                await client.drop_database(name)
        await close(client)


@asynccontextmanager
async def serving(
    around: Surroundings, build_app: Callable[[S], FastAPI], settings_class: type[S]
) -> AsyncIterator[Served]:
    """The service from its start to its orderly end; it is ready when this yields."""
    app = build_app(around.settings(settings_class))
    client = connect(around.mongodb_uri)
    try:
        async with app.router.lifespan_context(app):
            name = app.state.service.name
            served = Served(app, around.keys, client[f"{around.prefix}{name}"])
            async with served.client(Role.AUDITOR) as caller:

                async def ready() -> bool:
                    return (await caller.get("/status")).status_code == 200

                await eventually(ready, within=30)
            yield served
    finally:
        await close(client)
