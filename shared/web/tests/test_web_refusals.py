"""Who is not let through is counted by reason and action, and logged without a secret or a person."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from shared.identity import Role
from shared.identity.links import LOCAL_ISSUER
from shared.identity.local import LocalKeys, issue_token

TRIPS = "/v1/trips"


def counted(reason: str, action: str) -> float:
    labels = {"service": "sample", "reason": reason, "action": action}
    return REGISTRY.get_sample_value("ponte_http_refusals_total", labels) or 0.0


def token(keys: LocalKeys, algorithm: str = "EdDSA", kid: str | None = None, **changes: Any) -> str:
    now = datetime.now(UTC)
    claims = {
        "iss": LOCAL_ISSUER,
        "aud": "ponte",
        "sub": "person-marker",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "roles": ["director"],
        "name": "Anna Marker",
    } | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    key: Any = {"none": None, "HS256": "x" * 32}.get(algorithm, keys.private_key)
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid or keys.kid})


def forged(keys: LocalKeys) -> str:
    head, body, signature = token(keys).split(".")
    return f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


PAST = datetime.now(UTC) - timedelta(days=1)
FUTURE = datetime.now(UTC) + timedelta(days=1)

BAD: list[tuple[str, Any]] = [
    ("no-credential", None),
    ("malformed-token", lambda keys: "a.b.c"),
    ("malformed-token", lambda keys: ""),
    ("too-long", lambda keys: "x" * 9000),
    ("expired", lambda keys: token(keys, exp=PAST)),
    ("not-valid-yet", lambda keys: token(keys, nbf=FUTURE)),
    ("wrong-audience", lambda keys: token(keys, aud="payroll")),
    ("wrong-issuer", lambda keys: token(keys, iss="https://elsewhere.example")),
    ("claim-missing", lambda keys: token(keys, exp=None)),
    ("unknown-key", lambda keys: token(keys, kid="other")),
    ("wrong-algorithm", lambda keys: token(keys, "none")),
    ("wrong-algorithm", lambda keys: token(keys, "HS256")),
    ("wrong-signature", forged),
]


@pytest.mark.parametrize(("reason", "make"), BAD, ids=[f"{n}-{one[0]}" for n, one in enumerate(BAD)])
async def test_an_unknown_caller(
    app: FastAPI, keys: LocalKeys, caplog: pytest.LogCaptureFixture, reason: str, make: Any
) -> None:
    before = counted(reason, "")
    credential = "" if make is None else make(keys)
    headers = {} if make is None else {"Authorization": f"Bearer {credential}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as caller:
        with caplog.at_level(logging.INFO, "ponte.http"):
            answer = await caller.get(TRIPS, headers=headers)
    assert answer.status_code == 401
    assert counted(reason, "") == before + 1
    line = next(record for record in caplog.records if record.name == "ponte.http")
    assert (line.__dict__["reason"], line.__dict__["action"], line.__dict__["outcome"]) == (
        reason,
        "",
        "refused",
    )
    told = f"{vars(line)}{answer.text}"
    for secret in ("Anna Marker", "person-marker", *filter(None, credential.split("."))):
        assert len(secret) < 3 or secret not in told


async def test_a_known_caller_without_the_right(
    app: FastAPI, keys: LocalKeys, caplog: pytest.LogCaptureFixture
) -> None:
    action = "feed.read and networks.write-city"
    before = counted("forbidden", action)
    headers = {"Authorization": f"Bearer {issue_token(keys, Role.AUDITOR, 'person-marker')}"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as caller:
        with caplog.at_level(logging.INFO, "ponte.http"):
            assert (await caller.delete(f"{TRIPS}/7", headers=headers)).status_code == 403
            assert (await caller.get(TRIPS, headers=headers)).status_code == 200
    assert counted("forbidden", action) == before + 1
    refused, fine = (record for record in caplog.records if record.name == "ponte.http")
    assert (refused.__dict__["reason"], refused.__dict__["action"]) == ("forbidden", action)
    assert "person-marker" not in str(vars(refused))
    assert not {"reason", "action"} & vars(fine).keys()


async def test_a_scraper_with_another_token(app: FastAPI) -> None:
    before = counted("wrong-scrape-token", "scrape token")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as caller:
        answer = await caller.get("/metrics", headers={"Authorization": "Bearer guessed"})
    assert answer.status_code == 401
    assert counted("wrong-scrape-token", "scrape token") == before + 1
