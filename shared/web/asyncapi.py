"""The AsyncAPI document of a service."""

from __future__ import annotations

from typing import Any

from shared.web.info import ServiceInfo
from shared.web.settings import ServiceSettings


def asyncapi_document(service: ServiceInfo, settings: ServiceSettings) -> dict[str, Any]:
    """The events that the service publishes and consumes, as AsyncAPI 3.0."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": service.title, "version": service.version},
        "servers": {"kafka": {"host": settings.kafka_bootstrap_servers.split(",")[0], "protocol": "kafka"}},
    }
