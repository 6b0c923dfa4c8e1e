"""Structured logs and metrics."""

from shared.telemetry.logs import configure
from shared.telemetry.metrics import HttpMetrics

__all__ = ["HttpMetrics", "configure"]
