"""What every view-model is made with: the filters, the clock, the words and the city's names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import holidays

from services.dashboard.domain.picture import Clock
from services.dashboard.formats import Formats
from services.dashboard.language import Texts, function_names, texts
from services.dashboard.views.lens import Lens
from shared.contracts.base import Person, Place, Unit


@dataclass(frozen=True, slots=True)
class City:
    """The city that runs this installation. ``holidays`` is a country and a subdivision, as ``IT-MI``."""

    names: dict[str, str]
    area: dict[str, str]
    zone: ZoneInfo
    holidays: str


@dataclass(frozen=True)
class Frame:
    """The circumstances of one rendering."""

    lens: Lens
    clock: Clock
    city: City

    @cached_property
    def t(self) -> Texts:
        """The texts of the page's language."""
        return texts(self.lens.language)

    @cached_property
    def f(self) -> Formats:
        """How dates, numbers and names are written."""
        return Formats(self.t, self.clock.zone, self.city_name, self.clock.today)

    @property
    def city_name(self) -> str:
        """The city's name in the page's language."""
        return self.city.names[self.lens.language]

    def pick(self, english: str | None, italian: str | None) -> str:
        """The text in the page's language, else in the other one."""
        first, second = (italian, english) if self.lens.language == "it" else (english, italian)
        return first or second or ""

    def place(self, place: Place) -> str:
        """A city's name in the page's language."""
        return self.pick(place.city, place.city_it)

    def person(self, person: Person) -> str:
        """Somebody's function; a name goes before it where it is public."""
        function = self.function(person.function)
        return f"{person.name}, {function}" if person.name else function

    def function(self, name: str) -> str:
        """A public function in the page's language where the table knows it, else as it was written."""
        known = function_names(*sorted(self.city.names.items()))
        return known.get(name.strip().casefold(), {}).get(self.lens.language, name)

    def unit_short(self, unit: Unit) -> str:
        """A unit's short name."""
        return self.t(f"unit.{unit}.short")

    def unit_code(self, unit: Unit) -> str:
        """The class that colours a unit's mark."""
        return {Unit.CITY: "u-city", Unit.EUROPEAN: "u-eu", Unit.PARTNERSHIPS: "u-part"}[unit]

    @cached_property
    def holidays(self) -> holidays.HolidayBase | None:
        """The city's holidays in the page's language; None: nobody knows them, which is not "none"."""
        country, _, subdivision = self.city.holidays.partition("-")
        if country not in holidays.list_supported_countries():
            return None
        supported = holidays.list_localized_countries().get(country, [])
        wanted = [name for name in supported if name.startswith(self.lens.language)]
        return holidays.country_holidays(
            country, subdiv=subdivision or None, language=wanted[0] if wanted else None
        )


def anchor(subject: str) -> str:
    """The id of the row that shows a subject."""
    return f"s-{subject}"
