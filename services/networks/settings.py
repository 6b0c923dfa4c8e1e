"""The settings of networks."""

from __future__ import annotations

from pydantic import Field

from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, on the port of networks."""

    http_port: int = Field(default=8103, ge=1, le=65535)
