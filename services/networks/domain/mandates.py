"""When two mandates cannot both be: the one rule of who sits where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from services.networks.domain.errors import OfficeTaken
from shared.contracts.networks import Mandate
from shared.contracts.partial_dates import parse_partial_date
from shared.domain import ImpossibleValue

RUNNING = date.max


def check_period(mandate: Mandate) -> None:
    """Refuse a mandate that would be over before it begins, whatever day its dates mean."""
    if mandate.since is None or mandate.until is None:
        return
    if parse_partial_date(mandate.until)[1] < parse_partial_date(mandate.since)[0]:
        raise ImpossibleValue(
            field="until",
            value=mandate.until,
            en=f"a mandate cannot end before it begins ({mandate.since}).",
            it=f"un mandato non può finire prima di iniziare ({mandate.since}).",
        )


def check_offices(mandates: Iterable[Mandate]) -> None:
    """Refuse two mandates of one office that overlap for certain, unless both say that several may hold it.

    Dates of a year or a month are read in favour of the office holders: "until 2022" and "since 2022" is a
    hand-over within the year. A mandate without an end counts as running, except towards a later mandate of
    the same holder: a re-election may be known when the end of the first mandate is not.

    Raises:
        OfficeTaken: naming the holder and the period of the other mandate.
    """
    seen: list[Mandate] = []
    for mandate in mandates:
        for other in seen:
            if _same_office(mandate, other) and not (mandate.several and other.several):
                _check_pair(other, mandate)
        seen.append(mandate)


def _same_office(one: Mandate, other: Mandate) -> bool:
    return (one.office.casefold(), one.body.casefold()) == (other.office.casefold(), other.body.casefold())


def _check_pair(other: Mandate, mandate: Mandate) -> None:
    same_holder = _holder(mandate) == _holder(other)
    start, end = _certain(mandate, same_holder=same_holder)
    other_start, other_end = _certain(other, same_holder=same_holder)
    if max(start, other_start) < min(end, other_end):
        raise OfficeTaken(
            field="since",
            value=mandate.since,
            office=other.office,
            body=other.body,
            holder=other.holder.name or other.holder.function,
            period=f"{other.since or '?'} – {other.until or '…'}",
        )


def _holder(mandate: Mandate) -> tuple[str, str]:
    """Who somebody is: by id, else by name, else by the function alone."""
    holder = mandate.holder
    if holder.person_id is not None:
        return ("id", holder.person_id)
    return ("name", holder.name.casefold()) if holder.name else ("function", holder.function.casefold())


def _certain(mandate: Mandate, *, same_holder: bool) -> tuple[date, date]:
    """The first day for certain and the day before which it ended; empty where the start is not before it."""
    said_on = parse_partial_date(mandate.as_of)[1]
    if mandate.until is not None:
        end = parse_partial_date(mandate.until)[0]
        return (parse_partial_date(mandate.since)[1] if mandate.since else end), end
    start = parse_partial_date(mandate.since)[1] if mandate.since else said_on
    return start, (start + timedelta(days=1) if same_holder else RUNNING)
