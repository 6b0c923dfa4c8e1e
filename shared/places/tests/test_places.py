from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.base import Place
from shared.places import (
    AmbiguousCity,
    City,
    UnknownCity,
    UnknownCountry,
    country_name,
    gazetteer,
    resolve,
    resolve_city,
    resolve_country,
)
from shared.places.names import folded

CITIES = gazetteer().cities


def test_the_tables_are_sound() -> None:
    assert len({city.id for city in CITIES}) == len(CITIES) >= 400
    for city in CITIES:
        assert city.country in gazetteer().countries, city
        assert ZoneInfo(city.time_zone).key == city.time_zone
        assert -90 <= city.latitude <= 90, city
        assert -180 <= city.longitude <= 180, city
        assert round(city.latitude, 2) == city.latitude, city
    assert {country.code for country in gazetteer().countries.values()} == {city.country for city in CITIES}


def test_no_country_name_means_two_countries() -> None:
    seen: dict[str, str] = {}
    for country in gazetteer().countries.values():
        for name in country.names():
            assert seen.setdefault(folded(name), country.code) == country.code, name


@pytest.mark.parametrize(
    ("typed", "city", "country"),
    [
        ("Milano", "Milan", "IT"),
        ("Lione", "Lyon", "FR"),
        ("LYON", "Lyon", "FR"),
        ("Francoforte", "Frankfurt", "DE"),
        ("Frankfurt am Main", "Frankfurt", "DE"),
        ("Cracovia", "Kraków", "PL"),
        ("krakow", "Kraków", "PL"),
        ("San Pietroburgo", "Saint Petersburg", "RU"),
        ("Sao Paulo", "São Paulo", "BR"),
        ("Zagabria", "Zagreb", "HR"),
        ("Tel Aviv-Yafo", "Tel Aviv", "IL"),
        ("Canton", "Guangzhou", "CN"),
        ("  riga ", "Riga", "LV"),
        ("Lodz", "Łódź", "PL"),
        ("L’Aia", "The Hague", "NL"),
    ],
)
def test_names_in_any_language(typed: str, city: str, country: str) -> None:
    place = resolve(typed)
    assert (place.city, place.country) == (city, country)


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("San Paolo", {"San Paolo, IT", "São Paulo, BR"}),
        ("Birmingham", {"Birmingham, GB", "Birmingham, US"}),
        ("Bethlehem", {"Bethlehem, PS", "Bethlehem, US", "Bethlehem, ZA"}),
        ("Betlemme", {"Bethlehem, PS", "Bethlehem, US", "Bethlehem, ZA"}),
        ("St. Petersburg", {"Saint Petersburg, RU", "Saint Petersburg, US"}),
        ("Monaco", {"Monaco, MC", "Munich, DE"}),
        ("Valencia", {"Valencia, ES", "Valencia, VE"}),
    ],
)
def test_an_ambiguous_name_is_a_question(typed: str, candidates: set[str]) -> None:
    with pytest.raises(AmbiguousCity) as refusal:
        resolve(typed, field="counterpart")
    assert set(refusal.value.candidates) == candidates
    for language in ("en", "it"):
        text = refusal.value.text(language)
        assert "counterpart" in text
        assert typed in text
        assert all(candidate in text for candidate in candidates)


@pytest.mark.parametrize("country", ["BR", "br", "Brazil", "brasile", "BRASILE", " Brasil "])
def test_the_country_answers_the_question(country: str) -> None:
    place = resolve("San Paolo", country)
    assert place == Place(
        city="São Paulo",
        city_it="San Paolo",
        country="BR",
        time_zone="America/Sao_Paulo",
        latitude=-23.55,
        longitude=-46.64,
    )


@pytest.mark.parametrize("text", ["Birmingham, GB", "Birmingham (Regno Unito)", "birmingham , uk"])
def test_the_country_may_stand_in_the_text(text: str) -> None:
    assert resolve_city(text).id == "birmingham-gb"


def test_a_name_with_a_comma_or_parenthesis_of_its_own() -> None:
    assert resolve_city("Washington, D.C.").id == "washington-d-c-us"
    assert resolve_city("Frankfurt (Oder)").id == "frankfurt-oder-de"


def test_an_unknown_city_names_the_nearest_spellings() -> None:
    with pytest.raises(UnknownCity) as refusal:
        resolve("Frankfrut", "DE")
    assert refusal.value.candidates[0] == "Frankfurt, DE"
    with pytest.raises(UnknownCity) as elsewhere:
        resolve("Lione", "Germania")
    assert elsewhere.value.candidates == ("Lyon, FR",)
    with pytest.raises(UnknownCity) as nothing:
        resolve("")
    assert nothing.value.candidates == ()


def test_an_unknown_country_names_the_nearest_spellings() -> None:
    with pytest.raises(UnknownCountry) as refusal:
        resolve("Lyon", "Frnacia")
    assert "France (FR)" in refusal.value.candidates
    assert resolve_country("Repubblica Ceca") == "CZ"
    assert country_name("KR", "it") == "Corea del Sud"
    assert country_name("KR", "en") == "South Korea"


@given(st.sampled_from(CITIES), st.data())
def test_every_name_with_its_country_finds_its_city(city: City, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(city.names()))
    name = data.draw(st.sampled_from([name, name.upper(), f" {name} ", folded(name)]))
    assert resolve_city(name, city.country) == city
    assert resolve_city(city.label) == city


@given(st.text(max_size=40), st.none() | st.sampled_from(sorted(gazetteer().countries)))
def test_any_text_is_a_city_of_that_name_or_a_refusal(text: str, country: str | None) -> None:
    try:
        city = resolve_city(text, country)
    except (AmbiguousCity, UnknownCity, UnknownCountry):
        return
    assert country in (None, city.country)
    assert folded(text).startswith(tuple(folded(name) for name in city.names()))
