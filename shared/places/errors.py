"""What the gazetteer answers when it would have to guess."""

from __future__ import annotations

from typing import ClassVar

from shared.domain.errors import Refusal


class PlaceRefusal(Refusal):
    """A place that was not resolved. ``candidates`` are names that would be, best first (may be empty)."""

    def __init__(self, *, field: str, value: object, candidates: tuple[str, ...]) -> None:
        self.candidates = candidates
        super().__init__(field=field, value=value, candidates=candidates)

    def text(self, language: str) -> str:
        """The rule as a sentence with the candidates in it."""
        template = self.rule.get(language, self.rule["en"])
        candidates = "; ".join(self.candidates) or "—"
        return template.format(field=self.field, value=self.value, candidates=candidates)


class AmbiguousCity(PlaceRefusal):
    """Several cities bear the name; each candidate names its country."""

    code = "ambiguous-city"
    title: ClassVar[dict[str, str]] = {"en": "Which city?", "it": "Quale città?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is the name of several cities: {candidates}. Give the country too.",
        "it": "{field} {value!r} è il nome di più città: {candidates}. Indicare anche il paese.",
    }


class UnknownCity(PlaceRefusal):
    """No city of the gazetteer bears the name (in that country); the candidates are the nearest spellings."""

    code = "unknown-city"
    title: ClassVar[dict[str, str]] = {"en": "Unknown city", "it": "Città sconosciuta"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is not in the gazetteer; similar: {candidates}.",
        "it": "{field} {value!r} non è nel repertorio dei luoghi; simili: {candidates}.",
    }


class UnknownCountry(PlaceRefusal):
    """Neither a code nor a name of a country of the gazetteer."""

    code = "unknown-country"
    title: ClassVar[dict[str, str]] = {"en": "Unknown country", "it": "Paese sconosciuto"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is neither a country code nor a known country name; similar: {candidates}.",
        "it": "{field} {value!r} non è un codice né un nome noto di paese; simili: {candidates}.",
    }
