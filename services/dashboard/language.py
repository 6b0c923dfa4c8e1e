"""The page's texts: one table per language in ``texts/``, and how a request's language is found."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("it", "en")
FALLBACK = "it"
_FOLDER = Path(__file__).resolve().parent / "texts"


class Texts:
    """The texts of one language, by dotted key.

    A key may hold a table ``{one, other}``: then ``n`` chooses, and ``{n}`` in the text is the number.
    """

    def __init__(self, language: str, table: dict[str, Any]) -> None:
        self.language = language
        self._table = table

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of ``key``, filled with ``values``. Raises ``KeyError`` naming a key that is not there."""
        found = self._find(key)
        if isinstance(found, dict):
            found = found["one" if values.get("n") == 1 else "other"]
        if not isinstance(found, str):
            raise KeyError(f"{key} is no text in texts/{self.language}.toml")
        return found.format(**values) if values else found

    def get(self, key: str, default: str) -> str:
        """The text of ``key``, else ``default``: for names of things that the table need not know."""
        try:
            return self(key)
        except KeyError:
            return default

    def table(self, key: str) -> dict[str, str]:
        """All texts below ``key``."""
        found = self._find(key)
        if not isinstance(found, dict):
            raise KeyError(f"{key} is no table in texts/{self.language}.toml")
        return found

    def keys(self) -> set[str]:
        """Every dotted key."""
        return set(_flat(self._table))

    def _find(self, key: str) -> Any:
        found: Any = self._table
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                raise KeyError(f"{key} is missing in texts/{self.language}.toml")
            found = found[part]
        return found


def _flat(table: dict[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for name, value in table.items():
        dotted = f"{prefix}{name}"
        keys.extend(_flat(value, f"{dotted}.") if isinstance(value, dict) else [dotted])
    return keys


@cache
def texts(language: str) -> Texts:
    """The texts of ``language``, one of ``LANGUAGES``."""
    return Texts(language, tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8")))


@cache
def function_names(*cities: tuple[str, str]) -> dict[str, dict[str, str]]:
    """The known public functions in every language, by any language's name in lower case.

    ``cities`` are pairs of a language and the city's name in it, for functions that name the city.
    """
    own = dict(cities)
    tables = {
        language: {
            key: name.format(city=own[language]) for key, name in texts(language).table("function").items()
        }
        for language in LANGUAGES
    }
    return {
        table[key].casefold(): {language: tables[language][key] for language in LANGUAGES}
        for table in tables.values()
        for key in table
    }


@cache
def function_order(language: str) -> dict[str, int]:
    """The place of each known function in the office's table: the order of precedence."""
    return {name.casefold(): place for place, name in enumerate(texts(language).table("function").values())}


def choose(asked: str | None, kept: str | None, accepted: str | None) -> str:
    """The language of a request: asked for in the address, else kept in a cookie, else the browser's."""
    for candidate in (asked, kept):
        if candidate in LANGUAGES:
            return candidate
    best, weight = FALLBACK, 0.0
    for part in (accepted or "").split(","):
        name, _, quality = part.strip().partition(";q=")
        language = name.split("-")[0].lower()
        try:
            wanted = float(quality) if quality else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and wanted > weight:
            best, weight = language, wanted
    return best
