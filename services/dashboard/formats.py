"""Dates, times, numbers and names as the page writes them, in Italian and English.

Dates keep the precision of their source; a foreign time always names its place.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, get_timezone_location
from babel.numbers import format_decimal

from services.dashboard.language import Texts
from shared.contracts.base import PartialDate
from shared.contracts.partial_dates import parse_partial_date, precision

_LOCALES = {"it": "it_IT", "en": "en_GB"}
_NBSP = "\u00a0"


class Formats:
    """How one language writes things, seen from one city's clock.

    ``city`` is the city's own name in that language, which stands for its zone where times differ.
    """

    def __init__(self, texts: Texts, zone: ZoneInfo, city: str, today: date) -> None:
        self.texts = texts
        self.zone = zone
        self.city = city
        self.today = today
        self.locale = Locale.parse(_LOCALES[texts.language])

    # Days

    def day(self, day: date) -> str:
        """``giovedì 26 novembre 2026``."""
        return self._date(day, "EEEE d MMMM y")

    def day_short(self, day: date) -> str:
        """``gio 26 nov``, with the year where it is another than today's."""
        return self._date(day, "EEE d MMM" if day.year == self.today.year else "EEE d MMM y")

    def day_plain(self, day: date) -> str:
        """``26 nov``, with the year where it is another than today's."""
        return self._date(day, "d MMM" if day.year == self.today.year else "d MMM y")

    def weekday(self, day: date) -> str:
        """``gio``."""
        return self._date(day, "EEE")

    def days(self, first: date, last: date) -> str:
        """``26–27 nov``, ``29 nov–1 dic`` or one day."""
        if first == last:
            return self.day_plain(first)
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{self.day_plain(last)}"
        return f"{self.day_plain(first)}–{self.day_plain(last)}"

    def partial(self, text: PartialDate) -> str:
        """``28 luglio 1961``, ``aprile 1973`` or ``2012``: never more precise than the source."""
        first, _ = parse_partial_date(text)
        return self._date(first, {"year": "y", "month": "MMMM y", "day": "d MMMM y"}[precision(text)])

    def partial_short(self, text: PartialDate) -> str:
        """``28 lug 1961``, ``apr 1973`` or ``2012``."""
        first, _ = parse_partial_date(text)
        return self._date(first, {"year": "y", "month": "MMM y", "day": "d MMM y"}[precision(text)])

    def near(self, day: date) -> str:
        """``oggi``, ``ieri``, ``domani``, else the short day."""
        names = {-1: "day.yesterday", 0: "day.today", 1: "day.tomorrow"}
        key = names.get((day - self.today).days)
        return self.texts(key) if key else self.day_short(day)

    # Times

    def local(self, moment: datetime) -> datetime:
        """The moment on the city's clock."""
        return moment.astimezone(self.zone)

    def time(self, moment: datetime, zone: ZoneInfo | None = None) -> str:
        """``15:30`` on the city's clock, or on that of ``zone``."""
        return f"{moment.astimezone(zone or self.zone):%H:%M}"

    def moment(self, moment: datetime) -> str:
        """``ieri 18:40`` or ``gio 26 nov 18:40``, on the city's clock."""
        return f"{self.near(self.local(moment).date())} {self.time(moment)}"

    def zone_city(self, name: str) -> str:
        """The place that a zone is named by: ``Bruxelles``; UTC stays ``UTC``."""
        if "/" not in name:
            return name
        if name == self.zone.key:
            return self.city
        return str(get_timezone_location(name, locale=self.locale, return_city=True))

    def shift(self, name: str, at: datetime) -> str:
        """How far a zone's clock is from the city's at that moment: ``+1 h``; empty where it is the same."""
        try:
            there = at.astimezone(ZoneInfo(name)).utcoffset() or timedelta()
        except (ZoneInfoNotFoundError, ValueError):
            return ""
        here = at.astimezone(self.zone).utcoffset() or timedelta()
        minutes = int((there - here).total_seconds() // 60)
        if not minutes:
            return ""
        hours, rest = divmod(abs(minutes), 60)
        sign = "+" if minutes > 0 else "−"
        return f"{sign}{hours}{f':{rest:02d}' if rest else ''}{_NBSP}h"

    # Numbers and names

    def number(self, value: int, *, at_least: bool = False) -> str:
        """``1.000`` or ``1,000``; ``200+`` where it is a lower bound."""
        return str(format_decimal(value, locale=self.locale)) + ("+" if at_least else "")

    def country(self, code: str) -> str:
        """A country's name; the office's own table (``country`` in the texts) goes before the usual one."""
        return self.texts.get(f"country.{code}", "") or str(self.locale.territories.get(code, code))

    def listing(self, names: list[str]) -> str:
        """``Riga, Zagabria e New York``."""
        if len(names) < 2:
            return "".join(names)
        return f"{', '.join(names[:-1])} {self.texts('and')} {names[-1]}"

    def _date(self, day: date, pattern: str) -> str:
        return _written(day, pattern, self.locale.language)


@lru_cache(maxsize=4096)
def _written(day: date, pattern: str, language: str) -> str:
    """The same few days stand in every line and panel."""
    return str(format_date(day, pattern, locale=_LOCALES[language]))
