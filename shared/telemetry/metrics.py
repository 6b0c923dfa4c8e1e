"""Prometheus metrics of HTTP and of the build."""

from __future__ import annotations

import platform
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_REQUESTS: Final = Counter(
    "ponte_http_requests_total",
    "HTTP requests answered; status 499: the client went away",
    ("service", "method", "route", "status"),
)
_SECONDS: Final = Histogram(
    "ponte_http_request_seconds",
    "Time until the answer was sent; of an event stream, until its first byte",
    ("service", "method", "route"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
_REFUSALS: Final = Counter(
    "ponte_http_refusals_total",
    "Answers 401 and 403, and what no honest program sends, by why and for which action (empty: not known)",
    ("service", "reason", "action"),
)
_BUILD: Final = Gauge(
    "ponte_build_info", "Always 1; the labels say what runs", ("service", "version", "python")
)

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpMetrics:
    """Counts and times requests of one service by route template, never by path, so that labels stay few."""

    def __init__(self, service: str, version: str) -> None:
        self._service = service
        _BUILD.labels(service, version, platform.python_version()).set(1)

    def refused(self, reason: str, action: str) -> None:
        """Note that somebody was not let through; both are words of the code, never of the caller."""
        _REFUSALS.labels(self._service, reason, action).inc()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request."""
        known = method if method in _METHODS else "other"
        _REQUESTS.labels(self._service, known, route, str(status)).inc()
        _SECONDS.labels(self._service, known, route).observe(seconds)
