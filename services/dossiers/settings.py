"""The settings of dossiers."""

from __future__ import annotations

from pydantic import Field

from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, on the port of dossiers."""

    http_port: int = Field(default=8104, ge=1, le=65535)
