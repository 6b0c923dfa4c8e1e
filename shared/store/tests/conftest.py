"""Fixtures that several files of these tests ask for."""

from shared.store.tests.backup_unit import unit

__all__ = ["unit"]
