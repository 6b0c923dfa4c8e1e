"""Rules about agreements: signings that cannot be, terms, and what the sources do not settle."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from services.dashboard.domain.alert import Alert, Gravity
from services.dashboard.domain.picture import Clock, Picture
from services.dashboard.domain.terms import BINDING, disagree, term_end, term_is_over
from shared.contracts.agenda import MissionStatus
from shared.contracts.agreements import Agreement, AgreementStatus
from shared.contracts.base import SourceKind, Unit
from shared.contracts.partial_dates import parse_partial_date

TERM_NOTICE = timedelta(days=180)
"""How long before its end a term is worth a word: a renewal takes a resolution and two notices."""
CONFIRMATION_LASTS = timedelta(days=5 * 365)
"""After this a status that nobody confirmed is old: a term of the Council and a mayor lie between."""


def signing_without_mission(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """A signing is on the agenda, and the mission that was to travel for it has been cancelled."""
    cancelled = {m.mission_id for m in picture.missions if m.status is MissionStatus.CANCELLED}
    for agreement in picture.agreements:
        signing = agreement.signing
        if _signing_scheduled(agreement) and signing and signing.mission_id in cancelled:
            yield _one("signing-without-mission", Gravity.GRAVE, agreement, clock.day(signing.on))


def signing_passed(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """The day of the signing has passed, and nobody has recorded a signature."""
    for agreement in picture.agreements:
        signing = agreement.signing
        if _signing_scheduled(agreement) and signing and clock.day(signing.on) < clock.today:
            yield _one("signing-passed", Gravity.WARN, agreement, clock.day(signing.on))


def term_over(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """Terms that have passed while renewal is unknown: never "expired" without an act."""
    yield from _grouped(
        "term-over", Gravity.WARN, [a for a in picture.agreements if term_is_over(a, clock.today)]
    )


def term_ends(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """A term that is about to end."""
    for agreement in picture.agreements:
        end = term_end(agreement)
        if end and agreement.status.status in BINDING and clock.today <= end <= clock.today + TERM_NOTICE:
            yield _one("term-ends", Gravity.WARN, agreement, end)


def dates_disagree(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """Two sources give dates for the signature that cannot both be right; both stay."""
    del clock
    for agreement in picture.agreements:
        if disagree(agreement.signed):
            yield _one("dates-disagree", Gravity.WATCH, agreement)


def kinds_disagree(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """The other side calls the instrument something else."""
    del clock
    for agreement in picture.agreements:
        if agreement.kind_claims:
            yield _one("kinds-disagree", Gravity.WATCH, agreement)


def statuses_disagree(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """Another source gives another status."""
    del clock
    for agreement in picture.agreements:
        if any(claim.status is not agreement.status.status for claim in agreement.other_statuses):
            yield _one("statuses-disagree", Gravity.WATCH, agreement)


def secondary_only(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """Dates of signature that only somebody else's quotation supports."""
    del clock
    found = [
        agreement
        for agreement in picture.agreements
        if agreement.signed and all(d.source.kind is SourceKind.SECONDARY for d in agreement.signed)
    ]
    yield from _grouped("secondary-only", Gravity.WATCH, found)


def status_old(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """Statuses that nobody has confirmed for years."""
    before = clock.today - CONFIRMATION_LASTS
    found = [
        agreement
        for agreement in picture.agreements
        if not agreement.status.confirmed
        and agreement.status.status is not AgreementStatus.ENDED
        and not term_is_over(agreement, clock.today)
        and parse_partial_date(agreement.status.as_of)[1] < before
    ]
    yield from _grouped("status-old", Gravity.WATCH, found)


def _signing_scheduled(agreement: Agreement) -> bool:
    return agreement.status.status is AgreementStatus.SIGNING_SCHEDULED


def _one(rule: str, gravity: Gravity, agreement: Agreement, due: date | None = None) -> Alert:
    return Alert(
        rule=rule,
        gravity=gravity,
        unit=Unit.CITY,
        subjects=(agreement.agreement_id,),
        about=(agreement,),
        due=due,
        sample=agreement.sample,
    )


def _grouped(rule: str, gravity: Gravity, found: list[Agreement]) -> Iterator[Alert]:
    if found:
        found.sort(key=lambda agreement: (agreement.counterpart.name, agreement.agreement_id))
        yield Alert(
            rule=rule,
            gravity=gravity,
            unit=Unit.CITY,
            subjects=tuple(agreement.agreement_id for agreement in found),
            about=tuple(found),
            sample=any(agreement.sample for agreement in found),
        )


RULES = (
    signing_without_mission,
    signing_passed,
    term_over,
    term_ends,
    dates_disagree,
    kinds_disagree,
    statuses_disagree,
    secondary_only,
    status_old,
)
