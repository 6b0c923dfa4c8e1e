"""Every published event type, by name and by topic, and how a message of any version is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from pydantic import TypeAdapter

from shared.contracts import agenda, agreements, dossiers, networks
from shared.contracts.base import EventData
from shared.contracts.upcasts import UPCASTS, Body, Upcast, upcast

BY_TOPIC: dict[str, tuple[type[EventData], ...]] = {
    module.TOPIC: module.EVENTS for module in (agenda, agreements, networks, dossiers)
}
BY_TYPE: dict[str, type[EventData]] = {model.TYPE: model for models in BY_TOPIC.values() for model in models}

_BODY: Final = TypeAdapter(Body)


class UnknownType(LookupError):
    """There is no contract of this type, of today or of a former version."""


def read(
    event_type: str,
    value: bytes,
    *,
    models: Mapping[str, type[EventData]] = BY_TYPE,
    upcasts: Mapping[str, Upcast] = UPCASTS,
) -> EventData:
    """The event in a message's value, in today's version.

    Raises ``UnknownType``, ``Unreadable`` (an old body that is not of its version), or pydantic's
    ``ValidationError``.
    """
    model = models.get(event_type)
    if model is not None:
        return model.model_validate_json(value)
    if event_type not in upcasts:
        raise UnknownType(event_type)
    today, body = upcast(event_type, _BODY.validate_json(value), upcasts)
    return models[today].model_validate_json(orjson.dumps(body))


def topic_of(event_type: str) -> str:
    """The topic of ``ponte.agenda.mission.scheduled.v1`` is ``ponte.agenda``."""
    return ".".join(event_type.split(".")[:2])
