"""A place in a request body: the name of a city, or all that is known about it."""

from __future__ import annotations

from typing import Any

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.contracts.base import Place, Text
from shared.domain import ImpossibleValue
from shared.places import UnknownCountry, resolve, resolve_country
from shared.web.envelopes import Body


class PlaceIn(Body):
    """A city by its name in any language of the gazetteer, with the country where the name is not enough.

    The name alone may also come as a text: ``"Birmingham, GB"``. A place that the gazetteer does not know
    is described whole: with ``country`` and ``time_zone`` it is taken as it stands.
    """

    city: Text
    country: Text | None = Field(default=None, description="ISO code, or a name in English or Italian")
    time_zone: Text | None = Field(default=None, description="IANA name; makes this a full description")
    city_it: Text | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        return {"city": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        described: dict[str, Any] = handler.resolve_ref_schema(handler(schema))
        name = {"type": "string", "maxLength": 300, "title": "Name of a city", "examples": ["Lyon"]}
        return {"title": "Place", "anyOf": [name, described]}

    def place(self, field: str) -> Place:
        """The place. ``field`` is how a refusal calls it.

        Raises ``AmbiguousCity``, ``UnknownCity`` or ``UnknownCountry`` with candidates, and
        ``ImpossibleValue`` for a description that lacks its country.
        """
        if self.time_zone is None:
            return self._resolved(field)
        if self.country is None:
            raise ImpossibleValue(
                field=f"{field}.country",
                value=None,
                en="a place that is described with its time zone needs its country too.",
                it="un luogo descritto con il fuso orario richiede anche il paese.",
            )
        return Place(
            city=self.city,
            city_it=self.city_it or self.city,
            country=resolve_country(self.country, field=f"{field}.country"),
            time_zone=self.time_zone,
            latitude=self.latitude,
            longitude=self.longitude,
        )

    def _resolved(self, field: str) -> Place:
        try:
            return resolve(self.city, self.country, field=field)
        except UnknownCountry as refusal:
            # The country stands in a field of its own, or in the same text as the city.
            where = f"{field}.country" if self.country else field
            raise UnknownCountry(field=where, value=refusal.value, candidates=refusal.candidates) from refusal
