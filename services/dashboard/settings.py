"""The dashboard's settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import Field

from services.dashboard.views.frame import City
from shared.places import resolve
from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, and how the page names the city that runs it."""

    http_port: int = Field(default=8080, ge=1, le=65535)
    area: str = Field(default="Area Relazioni Internazionali", min_length=1)
    area_en: str = Field(default="International Relations Area", min_length=1)
    city_holidays: str = Field(
        default="IT-MI", pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6})?$", description="Country and subdivision"
    )

    def as_city(self) -> City:
        """The city of the page, with its names and clock. Raises what ``resolve`` does."""
        place = resolve(self.city, field="PONTE_CITY")
        return City(
            names={"it": place.city_it, "en": place.city},
            area={"it": self.area, "en": self.area_en},
            zone=ZoneInfo(place.time_zone),
            holidays=self.city_holidays,
        )
