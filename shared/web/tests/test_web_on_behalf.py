"""The header of who acts for another: never passed over, never half read, and a key of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from shared.acting.errors import NotLentYet
from shared.identity import Identity, Role
from shared.identity.local import LocalKeys
from shared.web.tests import sample
from shared.web.tests.conftest import Caller
from shared.web.tests.test_web_commands import _command

HEADER = "X-On-Behalf-Of"


async def lend(who: Identity, principal: str) -> Identity:
    """``delegate`` has lent what an auditor may; everybody else nothing yet."""
    if principal != "delegate":
        raise NotLentYet(field=HEADER, value=principal, day="2027-01-01")
    return replace(who, roles=frozenset({Role.AUDITOR}), on_behalf_of=principal)


@pytest.fixture
def lending(folder: Path, keys: LocalKeys) -> FastAPI:
    return sample.build(sample.settings(folder), on_behalf=lend)


@pytest.mark.parametrize(
    "headers",
    [
        [(HEADER, "")],
        [(HEADER, "two people")],
        [(HEADER, "x" * 129)],
        [(HEADER, "Zoë")],
        [(HEADER, "delegate"), (HEADER, "other")],
        [(HEADER, "delegate"), (HEADER, "delegate")],
    ],
)
async def test_what_names_no_one_person_is_refused(
    director: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    answer = await director.get("/v1/trips", headers=raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-header"), answer.text
    assert answer.json()["errors"][0]["field"] == HEADER


async def test_where_nobody_knows_of_substitutions_nobody_acts_for_another(
    director: httpx.AsyncClient,
) -> None:
    answer = await director.get("/v1/trips", headers={HEADER: "delegate"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-lent")


async def test_the_lent_roles_are_judged_and_no_others(lending: FastAPI, calling: Caller) -> None:
    director = await calling(lending)
    assert (await director.delete("/v1/trips/1")).status_code == 409  # the Director may, and a rule says no
    answer = await director.delete("/v1/trips/1", headers={HEADER: "delegate"})
    assert answer.status_code == 403
    assert "the caller has: auditor" in answer.json()["detail"]
    answer = await director.get("/v1/trips", headers={HEADER: "somebody"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not-lent-yet")
    assert "2027-01-01" in answer.json()["detail"]


async def test_the_command_knows_both_people_and_its_key_is_of_the_pair(
    lending: FastAPI, calling: Caller
) -> None:
    director = await calling(lending)
    alone = await _command(director, **{"Idempotency-Key": "k"})
    for_delegate = await _command(director, **{"Idempotency-Key": "k", HEADER: "delegate"})
    assert (for_delegate.actor, for_delegate.on_behalf_of) == ("local-director", "delegate")
    assert (alone.actor, alone.on_behalf_of) == ("local-director", None)
    assert alone.client == "ponte-cli/local-director"
    assert for_delegate.client == "ponte-cli/local-director\xa0for\xa0delegate"
    assert alone.fingerprint == for_delegate.fingerprint


async def test_what_is_open_to_anybody_asks_nobody_for_whom(stranger: httpx.AsyncClient) -> None:
    answer = await stranger.get("/openapi.json", headers={HEADER: "delegate"})
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    here = {"$ref": "#/components/parameters/OnBehalfOf"}
    assert here in paths["/v1/trips"]["get"]["parameters"]
    assert here not in paths["/status"]["get"].get("parameters", [])
    assert here not in paths["/metrics"]["get"].get("parameters", [])
