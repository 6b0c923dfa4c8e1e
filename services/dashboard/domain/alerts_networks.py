"""Rules about mandates, network duties and candidacies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from services.dashboard.domain.alert import Alert, Gravity
from services.dashboard.domain.picture import Clock, Picture
from shared.contracts.base import Unit
from shared.contracts.dossiers import Candidacy, CandidacyStatus
from shared.contracts.networks import Mandate, Membership
from shared.contracts.partial_dates import parse_partial_date

MANDATE_NOTICE = timedelta(days=90)
MANDATE_REMEMBERED = timedelta(days=365)
"""A mandate that ended longer ago is history, not something to act on."""
DUTY_NOTICE = timedelta(days=14)
DUTY_PATIENCE = timedelta(days=14)
"""A duty that is later than this is grave."""
DEADLINE_GRAVE = timedelta(days=7)
DEADLINE_NOTICE = timedelta(days=30)
UNSUBMITTED = frozenset({CandidacyStatus.CONSIDERED, CandidacyStatus.PREPARING})
"""Candidacies for which the issuer's deadline still matters."""


def current(membership: Membership) -> list[Mandate]:
    """The latest mandate of each office (all of them where several may hold it)."""
    latest: dict[tuple[str, str, str], Mandate] = {}
    for mandate in membership.mandates:
        key = (mandate.body, mandate.office, mandate.mandate_id if mandate.several else "")
        known = latest.get(key)
        if known is None or (mandate.since or "") > (known.since or ""):
            latest[key] = mandate
    return list(latest.values())


def mandates_ending(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """A mandate that has ended with nobody following, or that is about to."""
    for membership in picture.memberships:
        for mandate in current(membership):
            if mandate.until is None:
                continue
            last = parse_partial_date(mandate.until)[1]
            if clock.today - MANDATE_REMEMBERED <= last <= clock.today + MANDATE_NOTICE:
                rule = "mandate-ended" if last < clock.today else "mandate-ends"
                yield Alert(
                    rule=rule,
                    gravity=Gravity.WARN,
                    unit=membership.unit,
                    subjects=(membership.membership_id, mandate.mandate_id),
                    about=(membership, mandate),
                    due=last,
                    sample=membership.sample,
                )


def mandates_without_end(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """Seats of which nobody has recorded until when they are held."""
    del clock
    for membership in picture.memberships:
        open_ended = [mandate for mandate in current(membership) if mandate.until is None]
        if open_ended:
            yield Alert(
                rule="mandate-open",
                gravity=Gravity.WATCH,
                unit=membership.unit,
                subjects=(membership.membership_id,),
                about=(membership, *open_ended),
                sample=membership.sample,
            )


def duties(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """What a membership demands and is late or due soon."""
    for membership in picture.memberships:
        for duty in membership.duties:
            if duty.done_on or duty.due_on > clock.today + DUTY_NOTICE:
                continue
            late = clock.today - duty.due_on
            if late > timedelta():
                rule, gravity = "duty-late", Gravity.GRAVE if late > DUTY_PATIENCE else Gravity.WARN
            else:
                rule, gravity = "duty-near", Gravity.WATCH
            yield Alert(
                rule=rule,
                gravity=gravity,
                unit=membership.unit,
                subjects=(membership.membership_id, duty.duty_id),
                about=(membership, duty),
                due=duty.due_on,
                facts={"days": abs(late.days)},
                sample=membership.sample or duty.sample,
            )


def deadlines(picture: Picture, clock: Clock) -> Iterator[Alert]:
    """A call that closes soon, or closed, without a submission."""
    for candidacy in picture.candidacies:
        if candidacy.deadline is None or candidacy.status not in UNSUBMITTED:
            continue
        left = candidacy.deadline.at - clock.now
        if left < timedelta():
            yield _deadline("deadline-passed", Gravity.GRAVE, candidacy, clock)
        elif left <= DEADLINE_NOTICE:
            gravity = Gravity.GRAVE if left <= DEADLINE_GRAVE else Gravity.WARN
            yield _deadline("deadline-near", gravity, candidacy, clock)


def _deadline(rule: str, gravity: Gravity, candidacy: Candidacy, clock: Clock) -> Alert:
    assert candidacy.deadline
    day = clock.day(candidacy.deadline.at)
    return Alert(
        rule=rule,
        gravity=gravity,
        unit=Unit.PARTNERSHIPS,
        subjects=(candidacy.candidacy_id,),
        about=(candidacy,),
        due=day,
        facts={"days": abs((day - clock.today).days)},
        sample=candidacy.sample,
    )


RULES = (mandates_ending, mandates_without_end, duties, deadlines)
