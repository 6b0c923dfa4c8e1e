"""Which day it is in the city."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from shared.places.resolve import resolve


class CityDay:
    """The calendar of the city that runs Ponte: a rule of days holds by its clocks, not by UTC.

    Raises ``AmbiguousCity`` or ``UnknownCity`` for a ``city`` (the setting ``PONTE_CITY``) that the
    gazetteer cannot place; "Birmingham, GB" names the country too.
    """

    def __init__(self, city: str) -> None:
        self.zone = ZoneInfo(resolve(city, field="PONTE_CITY").time_zone)

    def of(self, at: datetime) -> date:
        """The city's day at the moment ``at``."""
        return at.astimezone(self.zone).date()

    def begins(self, day: date) -> datetime:
        """The moment (UTC) at which the city's ``day`` begins."""
        return datetime.combine(day, time.min, tzinfo=self.zone).astimezone(UTC)

    def today(self) -> date:
        """The city's day now."""
        return self.of(datetime.now(UTC))
