"""No answer of any service can be framed, sniffed, kept by others or made to run what somebody typed."""

from __future__ import annotations

import importlib
import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.identity import Action, Role
from shared.identity.local import issue_token
from shared.local.kafka import Kafka
from shared.local.mongod import Mongod
from shared.testing.serving import serving, surroundings
from tests.system import SERVICES
from tests.test_rights_matrix import impatient, requests

INLINE = re.compile(
    r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE
)
ELSEWHERE = re.compile(r"(?:src|action)=[\"'](?:https?:)?//", re.IGNORECASE)
TYPED = "<script>alert(1)</script>"


def faults(answer: httpx.Response) -> list[str]:
    """What an answer lacks, in words."""
    headers = answer.headers
    policy = headers.get("content-security-policy", "")
    found = [
        f"{name} is {headers.get(name)}"
        for name, wanted in (
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
        )
        if headers.get(name) != wanted
    ]
    if "unsafe" in policy or "*" in policy or "frame-ancestors 'none'" not in policy:
        found.append(f"content-security-policy is {policy}")
    if not policy.startswith(("default-src 'none';", "default-src 'self';")):
        found.append(f"content-security-policy begins with {policy[:20]}")
    if headers.get("referrer-policy") not in {"no-referrer", "same-origin"}:
        found.append(f"referrer-policy is {headers.get('referrer-policy')}")
    if not headers.get("cache-control", "").startswith(("no-store", "no-cache")):
        found.append(f"cache-control is {headers.get('cache-control')}")
    found += [
        f"it names {name}"
        for name in ("server", "x-powered-by", "access-control-allow-origin")
        if name in headers
    ]
    if headers.get("content-type", "").startswith("text/html"):
        found += [f"it has {one[0]!r} inline" for one in INLINE.finditer(answer.text)]
        found += [f"it loads {one[0]!r}" for one in ELSEWHERE.finditer(answer.text)]
    found += [f"cookie {one}" for one in headers.get_list("set-cookie") if not careful(one)]
    if "csv" in headers.get("content-type", "") and "attachment" not in headers.get(
        "content-disposition", ""
    ):
        found.append("the table is shown, not saved")
    return found


def careful(cookie: str) -> bool:
    """No script reads it, no other site sends it, no plain line carries it, no neighbour plants it."""
    name, _, rest = cookie.partition("=")
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    planted = "session" in name and not (name.startswith("__Host-") and "path=/" in attributes)
    return (
        {"httponly", "secure"} <= attributes
        and bool({"samesite=lax", "samesite=strict"} & attributes)
        and not planted
    )


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.timeout(300)
async def test_every_answer_is_careful(
    service: str, mongod: Mongod, kafka: Kafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings").Settings

    def build(made: Any) -> FastAPI:
        app: FastAPI = module.build_app(made.model_copy(update={"rate_limit": 10**9}))
        return app

    wrong: list[str] = []
    kinds: set[str] = set()
    async with (
        surroundings(mongod.uri, kafka.bootstrap_servers, tmp_path_factory.mktemp(service)) as around,
        serving(around, build, settings) as served,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(impatient(served.app)), base_url="https://ponte.example"
        ) as http,
    ):
        tokens = [None, issue_token(served.keys, Role.DIRECTOR, scopes=tuple(Action))]
        asked = [(method, path) for _, method, path in requests(served.app)]
        asked += [("GET", "/no-such-page"), ("GET", f"/?lang=en&unit={TYPED}"), ("TRACE", "/status")]
        for method, path in asked:
            for token in tokens:
                for accept in ("application/json", "text/html"):
                    headers = {"accept": accept} | ({"authorization": f"Bearer {token}"} if token else {})
                    http.cookies.clear()
                    answer = await http.request(method, path, headers=headers)
                    kinds.add(answer.headers.get("content-type", "").partition(";")[0])
                    who = "Director" if token else "nobody"
                    wrong += [
                        f"{method} {path} as {who}, {answer.status_code}: {one}" for one in faults(answer)
                    ]
                    assert TYPED not in answer.text, f"{method} {path}"
    assert not wrong, f"{len(wrong)} faults:\n" + "\n".join(dict.fromkeys(wrong[:60]))
    assert "application/problem+json" in kinds
    assert ("text/html" in kinds) == (service == "dashboard")
