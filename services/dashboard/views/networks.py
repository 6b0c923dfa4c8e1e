"""City networks: who sits where, what is counted, what falls due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from services.dashboard.domain.alerts_networks import current
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.networks import DatedCount, Duty, Mandate, Membership
from shared.contracts.partial_dates import parse_partial_date


@dataclass(frozen=True, slots=True)
class Seat:
    """An office and who holds it. Empty ``since`` or ``until``: unknown."""

    office: str
    body: str
    holder: str
    since: str
    until: str
    former: bool
    note: str
    source: str
    as_of: str


@dataclass(frozen=True, slots=True)
class Count:
    """A number with its scope; empty ``as_of``: nobody says of when."""

    value: str
    what: str
    as_of: str
    source: str


@dataclass(frozen=True, slots=True)
class Due:
    """Something that the membership demands."""

    what: str
    when: str
    late: bool
    note: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Network:
    """One membership."""

    anchor: str
    subject: str
    name: str
    unit: str
    unit_code: str
    role: str
    since: str
    note: str
    source: str
    as_of: str
    seats: list[Seat]
    counts: list[Count]
    dues: list[Due]
    sample: bool


def networks_panel(memberships: tuple[Membership, ...], frame: Frame) -> list[Network]:
    """Every membership by name."""
    built = [_network(membership, frame) for membership in memberships]
    return sorted(built, key=lambda network: network.name.casefold())


def count(counted: DatedCount, frame: Frame) -> Count:
    """A dated count in words."""
    return Count(
        value=frame.f.number(counted.value, at_least=counted.at_least),
        what=frame.pick(counted.what, counted.what_it),
        as_of=frame.f.partial(counted.as_of) if counted.as_of else "",
        source=counted.source.title,
    )


def _network(membership: Membership, frame: Frame) -> Network:
    latest = {mandate.mandate_id for mandate in current(membership)}
    seats = sorted(
        membership.mandates,
        key=lambda mandate: (mandate.mandate_id in latest, mandate.since or ""),
        reverse=True,
    )
    open_duties = sorted(
        (duty for duty in membership.duties if not duty.done_on), key=lambda duty: duty.due_on
    )
    return Network(
        anchor=anchor(membership.membership_id),
        subject=membership.membership_id,
        name=frame.pick(membership.network, membership.network_it),
        unit=frame.unit_short(membership.unit),
        unit_code=frame.unit_code(membership.unit),
        role=frame.t(f"membership-role.{membership.role}"),
        since=frame.f.partial(membership.since) if membership.since else "",
        note=frame.pick(membership.note, membership.note_it),
        source=membership.source.title,
        as_of=frame.f.partial_short(membership.as_of),
        seats=[_seat(mandate, frame, former=mandate.mandate_id not in latest) for mandate in seats],
        counts=[count(counted, frame) for counted in membership.counts],
        dues=[_due(duty, membership, frame) for duty in open_duties[:4]],
        sample=membership.sample,
    )


def _seat(mandate: Mandate, frame: Frame, *, former: bool) -> Seat:
    ended = mandate.until is not None and parse_partial_date(mandate.until)[1] < frame.clock.today
    return Seat(
        office=frame.pick(mandate.office, mandate.office_it),
        body=frame.pick(mandate.body, mandate.body_it),
        holder=frame.person(mandate.holder),
        since=frame.f.partial_short(mandate.since) if mandate.since else "",
        until=frame.f.partial_short(mandate.until) if mandate.until else "",
        former=former or ended,
        note=frame.pick(mandate.note, mandate.note_it),
        source=mandate.source.title,
        as_of=frame.f.partial_short(mandate.as_of),
    )


def _due(duty: Duty, membership: Membership, frame: Frame) -> Due:
    days = duty.due_on - frame.clock.today
    late = days < timedelta()
    if late:
        note = frame.t("networks.late", n=-days.days)
    elif days <= timedelta(days=30):
        note = frame.t("networks.in", n=days.days) if days else frame.t("networks.today")
    else:
        note = ""
    return Due(
        what=frame.pick(duty.what, duty.what_it),
        when=frame.f.day_short(duty.due_on),
        late=late,
        note=note,
        sample=duty.sample or membership.sample,
    )
