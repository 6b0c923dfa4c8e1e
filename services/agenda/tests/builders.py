"""Missions for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from services.agenda.domain import Plan
from shared.contracts.agenda import Leg, Purpose
from shared.contracts.base import Person, Place

PARIS = Place(city="Paris", city_it="Parigi", country="FR", time_zone="Europe/Paris")
LYON = Place(city="Lyon", city_it="Lione", country="FR", time_zone="Europe/Paris")
OSAKA = Place(city="Osaka", city_it="Osaka", country="JP", time_zone="Asia/Tokyo")
MAYOR = Person(name="Maria Bianchi", function="Mayor")
START = datetime(2027, 3, 4, 9, 0, tzinfo=UTC)


def leg(days: float = 0, hours: float = 8, place: Place = LYON) -> Leg:
    """A stay that begins so many days after ``START``."""
    starts_at = START + timedelta(days=days)
    return Leg(place=place, starts_at=starts_at, ends_at=starts_at + timedelta(hours=hours))


def plan(**fields: Any) -> Plan:
    """A meeting of the Mayor in Lyon, but for what ``fields`` say."""
    usual: dict[str, Any] = {
        "title": "Meeting with the Mayor of Lyon",
        "purpose": Purpose.MEETING,
        "holder": MAYOR,
        "legs": (leg(),),
    }
    return Plan(**{**usual, **fields})


def signing_plan(**fields: Any) -> Plan:
    """A mission that travels to sign ``agreement-lyon``."""
    return plan(**{"purpose": Purpose.SIGN_AGREEMENT, "agreement_id": "agreement-lyon", **fields})
