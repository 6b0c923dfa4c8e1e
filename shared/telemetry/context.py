"""What log lines of one request have in common."""

from __future__ import annotations

from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("ponte_request_id", default=None)
"""The id of the HTTP request that is being answered, if any."""
