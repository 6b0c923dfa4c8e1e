"""The settings of agreements."""

from __future__ import annotations

from pydantic import Field

from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, on the port of agreements."""

    http_port: int = Field(default=8102, ge=1, le=65535)
