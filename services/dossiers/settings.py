"""What the service reads from the environment."""

from __future__ import annotations

from pydantic import Field

from shared.web.settings import ServiceSettings


class Settings(ServiceSettings):
    """The common settings; the port is the one that the outside relies on."""

    http_port: int = Field(default=8104, ge=1, le=65535)
