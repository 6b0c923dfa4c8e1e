"""The cities and countries that Ponte knows: two tables that the office can edit beside this file."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import StringIO

from shared.contracts.base import Place
from shared.places.names import folded


@dataclass(frozen=True, slots=True)
class Land:
    """A country by its ISO 3166-1 alpha-2 code, with the names that the city uses for it."""

    code: str
    name_en: str
    name_it: str
    other_names: tuple[str, ...]

    def names(self) -> tuple[str, ...]:
        """Everything that it is called, its code first."""
        return (self.code, self.name_en, self.name_it, *self.other_names)


@dataclass(frozen=True, slots=True)
class City:
    """A city. ``id`` is stable; latitude and longitude in degrees to two decimals (about a kilometre)."""

    id: str
    name_en: str
    name_it: str
    other_names: tuple[str, ...]
    country: str
    latitude: float
    longitude: float
    time_zone: str

    def names(self) -> tuple[str, ...]:
        """Everything that it is called."""
        return (self.name_en, self.name_it, *self.other_names)

    @property
    def label(self) -> str:
        """The name with its country, which finds it again: ``Birmingham, GB``."""
        return f"{self.name_en}, {self.country}"

    def place(self) -> Place:
        """The published value."""
        return Place(
            city=self.name_en,
            city_it=self.name_it,
            country=self.country,
            time_zone=self.time_zone,
            latitude=self.latitude,
            longitude=self.longitude,
        )


class Gazetteer:
    """Both tables with their indexes by folded name."""

    def __init__(self, cities: tuple[City, ...], countries: tuple[Land, ...]) -> None:
        self.cities = cities
        self.countries = {country.code: country for country in countries}
        self.country_codes = {folded(name): country.code for country in countries for name in country.names()}
        by_name: defaultdict[str, dict[str, City]] = defaultdict(dict)
        for city in cities:
            for name in city.names():
                by_name[folded(name)][city.id] = city
        self._by_name = {name: tuple(found.values()) for name, found in by_name.items()}
        self.spellings = {folded(name): name for city in cities for name in city.names()}

    def named(self, name: str, country: str | None = None) -> tuple[City, ...]:
        """The cities that bear ``name`` in any language, of ``country`` (a code) if given."""
        found = self._by_name.get(folded(name), ())
        return tuple(city for city in found if country in (None, city.country))


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("shared.places").joinpath(name).read_text(encoding="utf-8-sig")
    yield from csv.DictReader(StringIO(text))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(";") if name.strip())


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The tables, read once per process (20 ms)."""
    cities = tuple(
        City(
            id=row["id"],
            name_en=row["name_en"],
            name_it=row["name_it"],
            other_names=_names(row["other_names"]),
            country=row["country"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            time_zone=row["time_zone"],
        )
        for row in _rows("cities.csv")
    )
    countries = tuple(
        Land(row["code"], row["name_en"], row["name_it"], _names(row["other_names"]))
        for row in _rows("countries.csv")
    )
    return Gazetteer(cities, countries)
