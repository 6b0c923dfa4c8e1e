"""A program with a real Keycloak's token may do what its scopes name, and nothing else."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.agenda.app import build_app
from services.agenda.settings import Settings
from services.agenda.tests.test_api import MEETING
from shared.identity import Action
from shared.identity.rights import SCOPES
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.realm import Realm
from shared.testing.serving import surroundings


@pytest.mark.timeout(600)
async def test_each_scope_opens_its_own_door(
    realm: Realm, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    issuer = realm.keycloak.issuer
    provider = {"oidc_issuer": issuer, "oidc_jwks": f"{issuer}/protocol/openid-connect/certs"}
    folder = tmp_path_factory.mktemp("scopes")
    async with surroundings(mongod.uri, kafka.bootstrap_servers, folder) as around:
        settings = Settings.model_validate({**around.settings(Settings).model_dump(), **provider})
        app: FastAPI = build_app(settings)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as program,
        ):

            async def statuses(*scopes: Action) -> list[int]:
                token = await realm.program_token(*scopes)
                program.headers["authorization"] = f"Bearer {token}"
                asked: list[tuple[str, str, Any]] = [
                    ("GET", "/v1/missions", None),
                    ("POST", "/v1/missions", MEETING),
                    ("POST", "/v1/missions", {**MEETING, "reserved": True}),
                    ("GET", "/v1/imports/columns", None),
                ]
                return [(await program.request(*one[:2], json=one[2])).status_code for one in asked]

            assert await statuses() == [403, 403, 403, 403]
            assert await statuses(Action.AGENDA_READ) == [200, 403, 403, 403]
            assert await statuses(Action.AGENDA_WRITE) == [403, 201, 403, 403]
            both = (Action.AGENDA_WRITE, Action.AGENDA_READ_RESERVED)
            assert await statuses(*both) == [403, 201, 201, 403]
            assert await statuses(*sorted(SCOPES)) == [200, 201, 201, 200]
