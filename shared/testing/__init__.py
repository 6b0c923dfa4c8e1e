"""Fixtures on real engines, and `eventually`.

The fixtures stand in `shared.testing.plugin`, which the root `conftest.py` loads for every test.
"""

from shared.testing.waiting import NotInTime, eventually

__all__ = ["NotInTime", "eventually"]
