"""From what somebody typed to one city, or to a question. Never a guess."""

from __future__ import annotations

import re
from difflib import get_close_matches

from shared.contracts.base import Place
from shared.places.errors import AmbiguousCity, UnknownCity, UnknownCountry
from shared.places.gazetteer import City, gazetteer
from shared.places.names import folded

_WITH_COUNTRY = re.compile(r"^(?P<city>.+?)\s*(?:,\s*(?P<after>[^,()]+)|\((?P<within>[^()]+)\))\s*$")
_MAX_CANDIDATES = 5


def resolve(text: str, country: str | None = None, *, field: str = "city") -> Place:
    """The place that ``text`` names in English, Italian or another language of the gazetteer.

    ``country`` is an ISO code or a name in English or Italian; the text may carry it too, as in
    ``Birmingham, GB`` or ``Lione (Francia)``. Case, accents and punctuation do not matter. ``field`` is how
    a refusal calls the value.

    Raises ``AmbiguousCity`` (several cities, each a candidate), ``UnknownCity`` (none; the candidates are
    the nearest spellings) or ``UnknownCountry``.
    """
    return resolve_city(text, country, field=field).place()


def resolve_city(text: str, country: str | None = None, *, field: str = "city") -> City:
    """As ``resolve``, but the gazetteer's own entry, with its stable id."""
    name, named_country = text, country
    if not (country and country.strip()):
        name, named_country = _split(text)
    code = resolve_country(named_country, field=f"{field} country") if named_country else None
    found = gazetteer().named(name, code)
    if len(found) == 1:
        return found[0]
    if found:
        labels = tuple(sorted(city.label for city in found))
        raise AmbiguousCity(field=field, value=text, candidates=labels)
    raise UnknownCity(field=field, value=text, candidates=_similar(name, code))


def resolve_country(text: str, *, field: str = "country") -> str:
    """The ISO code of a country given by code or by a name in English or Italian.

    Raises ``UnknownCountry`` with the nearest spellings.
    """
    known = gazetteer()
    code = known.country_codes.get(folded(text))
    if code is None:
        near = get_close_matches(folded(text), known.country_codes, n=_MAX_CANDIDATES, cutoff=0.7)
        codes = dict.fromkeys(known.country_codes[name] for name in near)
        labels = tuple(f"{known.countries[found].name_en} ({found})" for found in codes)
        raise UnknownCountry(field=field, value=text, candidates=labels)
    return code


def country_name(code: str, language: str) -> str:
    """What the city calls a country in ``it`` or ``en`` (another language: English); the code if unlisted."""
    country = gazetteer().countries.get(code)
    if country is None:
        return code
    return country.name_it if language == "it" else country.name_en


def _split(text: str) -> tuple[str, str | None]:
    """The city and the country within one text; a name that is known whole is left alone."""
    match = None if gazetteer().named(text) else _WITH_COUNTRY.match(text)
    if match is None:
        return text, None
    return match["city"], match["after"] or match["within"]


def _similar(name: str, code: str | None) -> tuple[str, ...]:
    """Where the name exists in other countries, those; else the nearest spellings, the country's first."""
    known = gazetteer()
    elsewhere = known.named(name)
    if elsewhere:
        return tuple(sorted(city.label for city in elsewhere))
    near = get_close_matches(folded(name), known.spellings, n=4 * _MAX_CANDIDATES, cutoff=0.7)
    cities = [city for spelling in near for city in known.named(spelling)]
    cities.sort(key=lambda city: city.country != code)  # stable: nearest first within each group
    return tuple(dict.fromkeys(city.label for city in cities))[:_MAX_CANDIDATES]
