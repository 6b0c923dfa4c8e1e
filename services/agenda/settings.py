"""The agenda's settings."""

from __future__ import annotations

from pydantic import Field

from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, on the agenda's port."""

    http_port: int = Field(default=8101, ge=1, le=65535)
    retention_months_missions: int = Field(
        default=120, ge=0, le=1200, description="People of a mission, from its end; 0 keeps for ever"
    )
