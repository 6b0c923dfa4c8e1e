"""The AsyncAPI document of a service: which facts it publishes and which it answers to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from shared.contracts.base import EventData
from shared.contracts.registry import topic_of
from shared.messaging.topics import EVENT_PARTITIONS
from shared.web.info import ServiceInfo
from shared.web.settings import ServiceSettings

Json = dict[str, Any]

_TEXT: Final[Json] = {"type": "string", "minLength": 1}

CLOUD_EVENT_HEADERS: Final[Json] = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary mode. Ignore an event whose (ce_epoch, ce_sequence) is "
    "not above the last one that you have of its ce_subject; on a gap ask for a replay.",
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "ce_subject",
        "ce_epoch",
        "ce_sequence",
        "ce_previousepoch",
        "ce_correlationid",
        "ce_actor",
        "content-type",
    ],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _TEXT
        | {"description": "Made of subject, epoch and sequence: publishing again gives the same"},
        "ce_type": _TEXT,
        "ce_source": _TEXT | {"format": "uri-reference"},
        "ce_time": _TEXT | {"format": "date-time", "description": "When the owner recorded the fact, UTC"},
        "ce_subject": _TEXT | {"description": "The aggregate's id, also the key of the message"},
        "ce_epoch": _TEXT | {"pattern": "^[0-9]+$", "description": "Generation of the owner's data"},
        "ce_sequence": _TEXT | {"pattern": "^[0-9]+$", "description": "Counts the events of the subject"},
        "ce_previousepoch": _TEXT
        | {"pattern": "^[0-9]+$", "description": "ce_epoch of the subject's event before this one; 0: none"},
        "ce_correlationid": _TEXT | {"description": "Common to all that one request caused"},
        "ce_causationid": _TEXT | {"description": "The event that this one answers, if any"},
        "ce_actor": _TEXT | {"description": "Opaque id of who did it"},
        "ce_hash": _TEXT | {"description": "Hash chain of the subject up to this event"},
        "traceparent": _TEXT | {"description": "W3C Trace Context"},
        "content-type": {"const": "application/json"},
    },
}


def asyncapi_document(service: ServiceInfo, settings: ServiceSettings) -> Json:
    """The events that the service publishes and consumes, as AsyncAPI 3.0."""
    events = sorted({*service.publishes, *service.consumes}, key=lambda model: model.TYPE)
    # The same schemas as the committed ones, with the parts that they share told once.
    payloads, definitions = models_json_schema(
        [(model, "serialization") for model in events], ref_template="#/components/schemas/{model}"
    )
    # Only whoever asks for the document needs them.
    from shared.contracts.examples import EXAMPLES

    contact = {"name": f"{settings.contact_name}, {settings.city}", "url": settings.contact_url}
    operations: Json = {}
    for action, models in (("send", service.publishes), ("receive", service.consumes)):
        for topic, of_topic in _by_topic(models).items():
            operations[f"{action}-{topic}".replace(".", "-")] = {
                "action": action,
                "summary": f"{'Publishes on' if action == 'send' else 'Reads'} {topic}",
                "channel": {"$ref": f"#/channels/{topic}"},
                "messages": [{"$ref": f"#/channels/{topic}/messages/{model.TYPE}"} for model in of_topic],
            }
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:uuid:{service.api_id}",
        "info": {
            "title": f"{service.title}: events",
            "version": service.version,
            "description": service.description,
            "contact": contact,
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                # The document is open to anybody, so it names no machine of the city.
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "The city's Kafka; its operators give the address.",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "host:port"}},
            }
        },
        "channels": {topic: _channel(topic, models) for topic, models in _by_topic(events).items()},
        "operations": operations,
        "components": {
            "messages": {
                model.TYPE: _message(model, payloads[(model, "serialization")], EXAMPLES[model])
                for model in events
            },
            "schemas": {**definitions.get("$defs", {}), "CloudEventHeaders": CLOUD_EVENT_HEADERS},
        },
    }


def _by_topic(models: Iterable[type[EventData]]) -> dict[str, list[type[EventData]]]:
    found: dict[str, list[type[EventData]]] = {}
    for model in models:
        found.setdefault(topic_of(model.TYPE), []).append(model)
    return found


def _channel(topic: str, models: Iterable[type[EventData]]) -> Json:
    return {
        "address": topic,
        "description": "The key of a message is the aggregate's id; kept 30 days, never compacted.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {model.TYPE: {"$ref": f"#/components/messages/{model.TYPE}"} for model in models},
        "bindings": {"kafka": {"topic": topic, "partitions": EVENT_PARTITIONS, "bindingVersion": "0.5.0"}},
    }


def _message(model: type[EventData], payload: Json, example: EventData) -> Json:
    text = cleandoc(model.__doc__ or "")
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__)
    return {
        "name": model.TYPE,
        "title": words[:1] + words[1:].lower(),
        "summary": text.splitlines()[0] if text else words,
        "contentType": "application/json",
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEventHeaders"},
                {"type": "object", "properties": {"ce_type": {"const": model.TYPE}}},
            ]
        },
        "payload": payload,
        "examples": [{"name": "complete", "payload": example.model_dump(mode="json")}],
        "correlationId": {"location": "$message.header#/ce_correlationid"},
        "bindings": {"kafka": {"key": _TEXT, "bindingVersion": "0.5.0"}},
    }
