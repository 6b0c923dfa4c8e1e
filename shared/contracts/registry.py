"""Every published event type, by name and by topic."""

from __future__ import annotations

from shared.contracts import agenda, agreements, dossiers, networks
from shared.contracts.base import EventData

BY_TOPIC: dict[str, tuple[type[EventData], ...]] = {
    module.TOPIC: module.EVENTS for module in (agenda, agreements, networks, dossiers)
}
BY_TYPE: dict[str, type[EventData]] = {model.TYPE: model for models in BY_TOPIC.values() for model in models}


def topic_of(event_type: str) -> str:
    """The topic of ``ponte.agenda.mission.scheduled.v1`` is ``ponte.agenda``."""
    return ".".join(event_type.split(".")[:2])
