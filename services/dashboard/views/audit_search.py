"""What somebody looks for in the trail of all units, as it stands in the address of the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

KINDS: Final = ("change", "refusal", "reading")
"""What an entry may be: somebody changed something, was refused, or read something reserved."""

SERVICES: Final = ("agenda", "agreements", "networks", "dossiers", "dashboard")
"""The services that keep a trail, in the order in which equal times stand. The pages' own has no changes, but
who was refused at them."""

_LONGEST: Final = {"actor": 200, "on_behalf_of": 200, "subject": 80, "command": 80}
"""What is looked for word by word, and with how many characters at most: the units' own limits."""
_FIRST_YEAR: Final = 2000


@dataclass(frozen=True, slots=True)
class Search:
    """The filters. ``since`` and ``until`` are days of the city's calendar, both of them included.

    ``wrong`` names the fields that nothing can be looked for with, and why; then no unit is asked.
    """

    actor: str = ""
    on_behalf_of: str = ""
    service: str = ""
    kind: str = ""
    subject: str = ""
    command: str = ""
    since: date | None = None
    until: date | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Search:
        """The filters of an address. A unit or a kind that does not exist counts as not given."""
        wrong: dict[str, str] = {}
        words = {name: query.get(name, "").strip() for name in _LONGEST}
        for name, word in words.items():
            if len(word) > _LONGEST[name] or not word.isprintable():
                wrong[name] = "word"
        days = {name: _day(query.get(name, "").strip(), name, wrong) for name in ("since", "until")}
        since, until = days["since"], days["until"]
        if since and until and since > until:
            wrong["until"] = "order"
        service, kind = query.get("service", ""), query.get("kind", "")
        return cls(
            **words,
            service=service if service in SERVICES else "",
            kind=kind if kind in KINDS else "",
            since=since,
            until=until,
            wrong=wrong,
            given={name: query.get(name, "")[:40] for name in ("since", "until")},
        )

    def address(self, page: str = "/audit", **changes: Any) -> str:
        """The address of ``page`` with these filters changed; what is not set is left out."""
        text = urlencode(self._query(**changes))
        return f"{page}?{text}" if text else page

    def earlier(self, place: str) -> str:
        """The address of what comes before ``place``."""
        return f"/audit?{urlencode({**self._query(), 'before': place})}"

    def _query(self, **changes: Any) -> dict[str, str]:
        now = replace(self, **changes)
        names = ("actor", "on_behalf_of", "service", "kind", "subject", "command", "since", "until")
        return {name: str(value) for name in names if (value := getattr(now, name))}

    @property
    def services(self) -> tuple[str, ...]:
        """Which units are asked."""
        return (self.service,) if self.service else SERVICES

    @property
    def filtered(self) -> bool:
        """Whether only part of the trail is looked for."""
        return bool(self._query())

    def begins(self, zone: ZoneInfo) -> datetime | None:
        """The first moment that fits."""
        return datetime.combine(self.since, time.min, zone) if self.since else None

    def ends(self, zone: ZoneInfo) -> datetime | None:
        """The first moment that does not fit any more."""
        return datetime.combine(self.until + timedelta(days=1), time.min, zone) if self.until else None

    def params(self, zone: ZoneInfo, until: datetime | None = None) -> dict[str, str]:
        """What a unit is asked for; ``until`` where less than the filters' own end is wanted."""
        names = ("actor", "on_behalf_of", "kind", "subject", "command")
        asked = {name: value for name in names if (value := getattr(self, name))}
        begins, ends = self.begins(zone), self.ends(zone)
        if until is not None and (ends is None or until < ends):
            ends = until
        if begins:
            asked["since"] = _utc(begins)
        if ends:
            asked["until"] = _utc(ends)
        return asked


def _utc(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo("UTC")).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _day(text: str, name: str, wrong: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        wrong[name] = "day"
        return None
    if not _FIRST_YEAR <= day.year < 10_000 - 1:
        wrong[name] = "day"
        return None
    return day
