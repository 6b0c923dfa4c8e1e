from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI

from shared.contracts import agenda, agreements
from shared.contracts.examples import EXAMPLES
from shared.contracts.registry import BY_TOPIC, BY_TYPE
from shared.messaging.envelope import to_message
from shared.store.command import Command
from shared.store.events import store_event
from shared.web import ServiceInfo
from shared.web.asyncapi import asyncapi_document
from shared.web.tests import sample
from shared.web.tests.guidelines import nodes, resolved

Json = dict[str, Any]


@pytest.fixture
async def document(app: FastAPI, stranger: httpx.AsyncClient) -> Json:
    found: Json = (await stranger.get("/asyncapi.json")).json()
    return found


def test_the_structure_is_that_of_version_3(document: Json) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    assert document["defaultContentType"] == "application/json"
    for server in document["servers"].values():
        assert {"host", "protocol"} <= server.keys()
    for operation in document["operations"].values():
        assert operation["action"] in {"send", "receive"}
        channel = resolved(document, operation["channel"])
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
            assert resolved(document, message) in [
                resolved(document, m) for m in channel["messages"].values()
            ]
    for node in nodes(document):
        resolved(document, node)


def test_what_is_published_and_what_is_read(document: Json) -> None:
    assert document["channels"].keys() == {"ponte.agenda", "ponte.agreements"}
    sent, read = (
        document["operations"]["send-ponte-agenda"],
        document["operations"]["receive-ponte-agreements"],
    )
    assert (sent["action"], read["action"]) == ("send", "receive")
    names = [resolved(document, message)["name"] for message in sent["messages"]]
    assert names == [model.TYPE for model in agenda.EVENTS]
    assert [resolved(document, message)["name"] for message in read["messages"]] == [
        agreements.AgreementSigned.TYPE
    ]


def test_nothing_of_the_inside_is_told(document: Json) -> None:
    assert "inside.example" not in str(document)


@pytest.mark.parametrize("event_type", sorted(BY_TYPE))
def test_a_real_message_is_as_documented(folder: Path, event_type: str) -> None:
    model = BY_TYPE[event_type]
    topic = next(topic for topic, models in BY_TOPIC.items() if model in models)
    info = ServiceInfo("x", "X", "x", "x", "1.0.0", publishes=BY_TOPIC[topic])
    document = asyncapi_document(info, sample.settings(folder))
    command = Command(
        "c", "client", "actor", datetime(2026, 5, 4, tzinfo=UTC), "correlation", traceparent="00-1"
    )
    stored = store_event(
        EXAMPLES[model],
        command,
        subject="s-1",
        epoch=1,
        sequence=1,
        version=1,
        previous="0" * 64,
        previous_epoch=0,
    )
    _, value, headers = to_message(stored, "/ponte/x")

    message = document["components"]["messages"][event_type]
    _validate(document, message["headers"], {name: raw.decode() for name, raw in headers})
    _validate(document, message["payload"], json.loads(value))
    with pytest.raises(jsonschema.ValidationError):
        _validate(document, message["headers"], {"ce_type": "another"})


def _validate(document: Json, schema: Json, value: Any) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(whole)
    jsonschema.Draft202012Validator(whole).validate(value)
