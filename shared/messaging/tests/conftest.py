"""Fixtures that several files of these tests ask for."""

from shared.messaging.tests.test_flow import flow

__all__ = ["flow"]
