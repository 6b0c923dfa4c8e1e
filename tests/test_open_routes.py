"""Nothing is open without a token, but for one committed list."""

import importlib
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import LocalKeys, ensure_keys
from tests.system import SERVICES

EVERYWHERE = {"/status", "/openapi.json", "/asyncapi.json"}
OF_THE_DASHBOARD = {"/link", "/static", "/sign-in", "/sign-in/callback", "/back-channel-logout"}
"""The design's short list: whatever else is called without a token is refused."""


def app_of(service: str, keys: LocalKeys) -> FastAPI:
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings")
    made: FastAPI = module.build_app(
        settings.Settings(
            kafka_bootstrap_servers="127.0.0.1:1",
            mongodb_uri="mongodb://127.0.0.1:1",
            oidc_issuer=LOCAL_ISSUER,
            oidc_jwks=str(keys.jwks_file),
        )
    )
    return made


def addresses(app: FastAPI) -> list[tuple[str, str]]:
    """Every (method, path) with something in place of each parameter."""
    found: list[tuple[str, str]] = []
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"\{[^}]*\}", "x", route.path or "")
        found += [(method, path) for method in sorted(route.methods or {"GET"})]
    return found


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("token", [None, "false.token.here"])
async def test_every_route_refuses_who_has_no_token(service: str, token: str | None, tmp_path: Path) -> None:
    app = app_of(service, ensure_keys(tmp_path))
    opened = EVERYWHERE | (OF_THE_DASHBOARD if service == "dashboard" else set())
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    seen: set[str] = set()
    found = addresses(app)
    assert len(found) > 8
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for method, path in found:
            if path in opened:
                seen.add(path)
                continue
            answer = await client.request(method, path, headers=headers)
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
    assert seen == opened, "the list names what does not exist"
