"""The settings of networks."""

from __future__ import annotations

from pydantic import Field

from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, on the port of networks."""

    http_port: int = Field(default=8103, ge=1, le=65535)
    retention_months_mandates: int = Field(
        default=120, ge=0, le=1200, description="Holders of mandates, from their end; 0 keeps for ever"
    )
