"""The dashboard's settings."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pydantic import Field

from services.dashboard.views.frame import City
from shared.web import ServiceSettings


class Settings(ServiceSettings):
    """What every service has, and how the page names the city that runs it."""

    http_port: int = Field(default=8080, ge=1, le=65535)
    city_en: str = Field(default="", description="The city's name in English; empty: as in `city`")
    area: str = Field(default="Area Relazioni Internazionali", min_length=1)
    area_en: str = Field(default="International Relations Area", min_length=1)
    city_zone: str = Field(default="Europe/Rome", min_length=1, description="IANA zone of the page's clock")
    city_holidays: str = Field(
        default="IT-MI", pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,6})?$", description="Country and subdivision"
    )

    def as_city(self) -> City:
        """The city of the page. Raises ``ZoneInfoNotFoundError`` for an unknown zone."""
        english = self.city_en or {"Milano": "Milan"}.get(self.city, self.city)
        return City(
            names={"it": self.city, "en": english},
            area={"it": self.area, "en": self.area_en},
            zone=ZoneInfo(self.city_zone),
            holidays=self.city_holidays,
        )
