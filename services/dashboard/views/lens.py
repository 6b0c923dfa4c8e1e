"""How somebody looks at the page: the filters, as they stand in its address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from shared.contracts.base import Unit

PERIODS = (7, 14, 28)
"""Days that the calendar may show."""
SINCE = ("visit", "day", "week")
"""What counts as new: since the last visit, the last 24 hours, the last seven days."""
_MOST_KINDS = 20
_PANELS_OF = {
    "agreements": (Unit.CITY,),
    "networks": (Unit.EUROPEAN, Unit.PARTNERSHIPS),
    "candidacies": (Unit.PARTNERSHIPS,),
    "deadlines": (Unit.PARTNERSHIPS,),
}
"""Panels that are about some units only."""


@dataclass(frozen=True, slots=True)
class Lens:
    """The filters of the page, and those of its feed: ``feed_unit``, ``kinds``, ``grave``."""

    language: str
    unit: Unit | None = None
    days: int = 14
    since: str = "visit"
    feed_unit: Unit | None = None
    kinds: frozenset[str] = frozenset()
    grave: bool = False

    @classmethod
    def parse(cls, language: str, query: Mapping[str, str]) -> Lens:
        """The filters of an address; a value that there is no filter for counts as not given."""
        days = query.get("days", "")
        since = query.get("since", "")
        kinds = frozenset(kind for kind in query.get("kind", "").split(",")[:_MOST_KINDS] if kind)
        return cls(
            language=language,
            unit=_unit(query.get("unit")),
            days=int(days) if days in {str(period) for period in PERIODS} else 14,
            since=since if since in SINCE else "visit",
            feed_unit=_unit(query.get("feed")),
            kinds=kinds,
            grave=query.get("grave") == "1",
        )

    def address(self, **changes: Any) -> str:
        """The page's address with these filters changed; what is as usual is left out."""
        lens = replace(self, **changes)
        query = {
            "unit": lens.unit,
            "days": lens.days if lens.days != 14 else None,
            "since": lens.since if lens.since != "visit" else None,
            "feed": lens.feed_unit,
            "kind": ",".join(sorted(lens.kinds)),
            "grave": "1" if lens.grave else None,
        }
        text = urlencode({name: value for name, value in query.items() if value}, safe=",")
        return f"/?{text}" if text else "/"

    def shows(self, panel: str) -> bool:
        """Whether the panel is about the unit that the filter names."""
        return self.unit is None or self.unit in _PANELS_OF.get(panel, (self.unit,))

    @property
    def usual(self) -> bool:
        """Whether the panels are those that everybody gets from the live stream."""
        return self.unit is None and self.days == 14 and self.since == "visit"

    @property
    def feed_filtered(self) -> bool:
        """Whether the feed shows only part of what there is."""
        return bool(self.unit or self.feed_unit or self.kinds or self.grave)


def _unit(text: str | None) -> Unit | None:
    return Unit(text) if text in set(Unit) else None
