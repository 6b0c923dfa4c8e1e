"""The OpenAPI document of a service."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.web.info import ServiceInfo
from shared.web.settings import ServiceSettings


def openapi_document(app: FastAPI, service: ServiceInfo, settings: ServiceSettings) -> dict[str, Any]:
    """The document of the application's routes."""
    return get_openapi(
        title=service.title,
        version=service.version,
        description=service.description,
        routes=app.routes,
        servers=[{"url": settings.public_url, "description": "Behind the city's reverse proxy"}],
    )
