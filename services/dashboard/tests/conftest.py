"""Fixtures that several files of these tests ask for."""

from services.dashboard.tests.commanding import city

__all__ = ["city"]
