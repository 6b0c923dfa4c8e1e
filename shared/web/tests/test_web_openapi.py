from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from shared.identity import Action, allow
from shared.web.tests import sample
from shared.web.tests.conftest import Caller
from shared.web.tests.guidelines import resolved, violations


@pytest.fixture
async def document(stranger: httpx.AsyncClient) -> dict[str, Any]:
    answer = await stranger.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def test_the_national_rules_are_kept(document: dict[str, Any]) -> None:
    assert violations(document) == {}


def test_the_check_finds_what_a_default_document_breaks() -> None:
    app = FastAPI()
    app.include_router(sample.router)
    broken = violations(app.openapi())
    assert broken.keys() >= {
        "has-x-summary",
        "has-contact",
        "has-x-api-id",
        "servers-description",
        "servers-use-https",
        "paths-status",
        "use-problem-json-for-errors",
        "missing-ratelimit",
        "integer-format",
        "security-defined",
    }


def test_every_error_that_a_route_may_give_is_documented(document: dict[str, Any]) -> None:
    paths = document["paths"]
    always = {"429", "500", "503"}
    assert paths["/status"]["get"]["responses"].keys() == {"200", "422", *always}
    assert paths["/v1/trips"]["get"]["responses"].keys() == {"200", "400", "401", "403", "422", *always}
    planning = {"201", "400", "401", "403", "409", "412", "413", "415", "422", *always}
    assert paths["/v1/trips"]["post"]["responses"].keys() == planning
    cancelling = {"200", "400", "401", "403", "404", "409", "412", "422", *always}
    assert paths["/v1/trips/{trip_id}"]["delete"]["responses"].keys() == cancelling


def test_who_may_call_is_documented(document: dict[str, Any]) -> None:
    assert document["security"] == [{"bearer": []}]
    assert document["paths"]["/status"]["get"]["security"] == []
    assert document["paths"]["/metrics"]["get"]["security"] == [{"scraper": []}]
    assert "security" not in document["paths"]["/v1/trips"]["get"]


async def test_a_real_problem_is_as_documented(document: dict[str, Any], director: httpx.AsyncClient) -> None:
    import jsonschema

    schema = {**document["components"]["schemas"]["Problem"], "components": document["components"]}
    for answer in (
        await director.post("/v1/trips", json={"title": 1}),
        await director.get("/v1/trips/failures/stale"),
        await director.get("/v1/trips/failures/bug"),
        await director.get("/v1/nothing"),
    ):
        jsonschema.validate(answer.json(), schema)
        assert answer.json().keys() <= schema["properties"].keys()


def test_nothing_of_the_inside_is_told(document: dict[str, Any]) -> None:
    assert "inside.example" not in str(document)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_the_operator_names_address_and_contact(folder: Path) -> None:
    from shared.web.openapi import openapi_document

    made = sample.settings(
        folder,
        city="Torino",
        contact_email="api@torino.example",
        public_url="https://api.torino.example/agenda",
        terms_url="https://torino.example/terms",
        http_host="0.0.0.0",
    )
    found = openapi_document(sample.build(made), sample.INFO, made)
    assert [server["url"] for server in found["servers"]] == ["https://api.torino.example/agenda"]
    assert "Torino" in found["info"]["contact"]["name"]
    assert found["info"]["contact"]["email"] == "api@torino.example"
    assert found["info"]["termsOfService"] == "https://torino.example/terms"
    assert violations(found) == {}


async def test_two_schemas_that_would_share_a_plain_name_stay_apart(folder: Path, calling: Caller) -> None:
    from pydantic import BaseModel, create_model

    router = APIRouter(prefix="/v1", dependencies=[allow(Action.FEED_READ)])
    first: type[BaseModel] = create_model("Trip_List", one=(int, 1))
    second: type[BaseModel] = create_model("TripList", two=(int, 2))

    def empty() -> dict[str, int]:
        return {}

    router.add_api_route("/first", empty, response_model=first, name="first")
    router.add_api_route("/second", empty, response_model=second, name="second")
    stranger = await calling(sample.build(sample.settings(folder), routers=[router]), role=None)
    document = (await stranger.get("/openapi.json")).json()
    for path, member in (("first", "one"), ("second", "two")):
        response = document["paths"][f"/v1/{path}"]["get"]["responses"]["200"]
        schema = resolved(document, response["content"]["application/json"]["schema"])
        assert list(schema["properties"]) == [member]
