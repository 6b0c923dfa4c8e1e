"""Which language a caller reads: Italian or English, by ``Accept-Language``."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal

from starlette.datastructures import Headers
from starlette.types import Scope

Language = Literal["it", "en"]

DEFAULT: Final[Language] = "en"


def language_of(scope: Scope) -> Language:
    """The caller's language; English where it names none that Ponte speaks."""
    header = Headers(scope=scope).get("accept-language")
    return preferred(header) if header else DEFAULT


@lru_cache(maxsize=256)
def preferred(header: str) -> Language:
    """The better of ``it`` and ``en`` by the header's weights; the first named wins a tie."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for part in header[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        weight = _weight(parameters)
        if primary == "it" and weight > best[0]:
            best = (weight, "it")
        elif primary in {"en", "*"} and weight > best[0]:
            best = (weight, "en")
    return best[1]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
