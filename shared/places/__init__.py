"""The gazetteer: cities with country, coordinates and time zone; resolution that asks when in doubt."""

from shared.places.errors import AmbiguousCity, PlaceRefusal, UnknownCity, UnknownCountry
from shared.places.gazetteer import City, Land, gazetteer
from shared.places.resolve import country_name, resolve, resolve_city, resolve_country

__all__ = [
    "AmbiguousCity",
    "City",
    "Land",
    "PlaceRefusal",
    "UnknownCity",
    "UnknownCountry",
    "country_name",
    "gazetteer",
    "resolve",
    "resolve_city",
    "resolve_country",
]
