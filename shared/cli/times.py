"""Points in time as a person types them at a terminal."""

import re
from datetime import UTC, datetime, timedelta

from shared.cli.errors import UserError

_AGO = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def point_in_time(text: str | None, option: str) -> datetime | None:
    """The time of ``2026-11-22``, ``2026-11-22T10:30`` (UTC unless it says otherwise) or ``2h`` (ago).

    ``option`` is named in the ``UserError`` that another text raises.
    """
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    if ago:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(
            f"{option} is {text!r}; it is a time such as 2026-11-22T10:30, a date, or how long ago (90m, 2d)."
        ) from None


def bounds(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """Both ends of a span of time. Raises ``UserError`` where nothing can lie between them."""
    first, last = point_in_time(since, "--since"), point_in_time(until, "--until")
    if first and last and first > last:
        raise UserError(f"--since {since} is after --until {until}: nothing lies between them.")
    if first and first > datetime.now(UTC):
        raise UserError(f"--since {since} is in the future: there is nothing yet.")
    return first, last
