"""What a service says about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from shared.contracts.base import EventData

_API_IDS: Final = UUID("6f3a2f0e-5a54-4c6b-9a65-0d0c6f0f5f3e")
"""Namespace of the catalogue ids; changing it would make every API a new one for the national catalogue."""


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """Name, texts and events of one service.

    ``name`` is the folder of the service (``agenda``); ``summary`` one line and ``description`` a paragraph
    in English; ``publishes`` and ``consumes`` the event types that `/asyncapi.json` documents.
    """

    name: str
    title: str
    summary: str
    description: str
    version: str
    publishes: tuple[type[EventData], ...] = ()
    consumes: tuple[type[EventData], ...] = ()

    @property
    def api_id(self) -> str:
        """The stable catalogue id of the API (a UUID derived from the name)."""
        return str(uuid5(_API_IDS, self.name))
