"""The figures of the three units: each says what it counts, and a count without a date says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from services.dashboard.domain.alerts_networks import current
from services.dashboard.domain.picture import LIVE_MISSIONS, Picture
from services.dashboard.domain.terms import latest, term_is_over
from services.dashboard.views.candidacies import CLOSED
from services.dashboard.views.frame import Frame
from services.dashboard.views.networks import count
from shared.contracts.agreements import Agreement, AgreementKind, AgreementStatus
from shared.contracts.base import Unit

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it counts. ``dated`` false: it comes from a source that gives no date."""

    what: str
    note: str
    value: str
    undated: bool = False
    sample: bool = False


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit's figures."""

    name: str
    code: str
    figures: list[Figure]


def units_panel(picture: Picture, frame: Frame) -> list[UnitFigures]:
    """The figures of the units that the filter shows."""
    makers = {Unit.CITY: _city, Unit.EUROPEAN: _networks, Unit.PARTNERSHIPS: _partnerships}
    return [
        UnitFigures(
            name=frame.t(f"unit.{unit}.name"),
            code=frame.unit_code(unit),
            figures=list(makers[unit](picture.of(unit), frame)),
        )
        for unit in Unit
        if frame.lens.unit in (None, unit)
    ]


def _city(picture: Picture, frame: Frame) -> Iterable[Figure]:
    t, f, clock = frame.t, frame.f, frame.clock
    twinnings = [a for a in picture.agreements if a.kind is AgreementKind.TWINNING]
    others = [a for a in picture.agreements if a.kind is not AgreementKind.TWINNING]
    if twinnings:
        suspended = [a for a in twinnings if a.status.status is AgreementStatus.SUSPENDED]
        ended = [a for a in twinnings if a.status.status is AgreementStatus.ENDED]
        notes = [t("figures.standing", n=len(twinnings) - len(suspended) - len(ended))]
        if suspended:
            notes.append(t("agreements.count.suspended", n=len(suspended)))
        if ended:
            notes.append(t("agreements.count.ended", n=len(ended)))
        newest = max((day for a in twinnings if (day := latest(a.signed))), default=None)
        note = ", ".join(notes) + (f"; {t('figures.newest', year=newest.year)}" if newest else "")
        yield Figure(t("figures.twinnings"), note, f.number(len(twinnings)), sample=_sample(twinnings))
    if others:
        over = [a for a in others if term_is_over(a, clock.today)]
        note = t("agreements.count.term-over", n=len(over)) if over else ""
        yield Figure(t("figures.collaborations"), note, f.number(len(others)), sample=_sample(others))
    under_way = [
        m for m in picture.missions if m.status in LIVE_MISSIONS and m.starts_at <= clock.now < m.ends_at
    ]
    coming = [
        m
        for m in picture.missions
        if m.status in LIVE_MISSIONS and clock.now < m.starts_at <= clock.now + SOON
    ]
    yield Figure(
        t("figures.missions"),
        t("figures.missions-soon", n=len(coming)),
        f.number(len(under_way)),
        sample=any(mission.sample for mission in (*under_way, *coming)),
    )
    signings = [a for a in picture.agreements if a.status.status is AgreementStatus.SIGNING_SCHEDULED]
    yield Figure(t("figures.signings"), "", f.number(len(signings)), sample=_sample(signings))


def _networks(picture: Picture, frame: Frame) -> Iterable[Figure]:
    t, f = frame.t, frame.f
    for membership in sorted(picture.memberships, key=lambda m: m.network.casefold()):
        for counted in membership.counts[:2]:
            told = count(counted, frame)
            yield Figure(
                what=frame.pick(membership.network, membership.network_it),
                note=told.what + (f"; {told.as_of}" if told.as_of else ""),
                value=told.value,
                undated=not told.as_of,
                sample=membership.sample,
            )
    seats = [mandate for membership in picture.memberships for mandate in current(membership)]
    if seats:
        open_ended = sum(mandate.until is None for mandate in seats)
        yield Figure(
            t("figures.seats"),
            t("figures.seats-open", n=open_ended) if open_ended else "",
            f.number(len(seats)),
            sample=_sample(picture.memberships),
        )
    duties = [(m, duty) for m in picture.memberships for duty in m.duties if duty.done_on is None]
    if duties:
        late = sum(duty.due_on < frame.clock.today for _, duty in duties)
        yield Figure(
            t("figures.duties"),
            t("figures.duties-late", n=late) if late else t("figures.duties-none-late"),
            f.number(len(duties)),
            sample=any(membership.sample or duty.sample for membership, duty in duties),
        )


def _partnerships(picture: Picture, frame: Frame) -> Iterable[Figure]:
    t, f = frame.t, frame.f
    yield from _networks(picture, frame)
    still_open = [c for c in picture.candidacies if c.status not in CLOSED]
    near = sum(
        1 for c in still_open if c.deadline and frame.clock.now <= c.deadline.at <= frame.clock.now + SOON
    )
    yield Figure(
        t("figures.candidacies"),
        t("figures.candidacies-soon", n=near) if near else "",
        f.number(len(still_open)),
        sample=any(candidacy.sample for candidacy in still_open),
    )
    ended = [c for c in picture.candidacies if c.status in CLOSED]
    if ended:
        told = [
            t(f"candidacies.tally.{status}", n=number)
            for status in CLOSED
            if (number := sum(c.status is status for c in ended))
        ]
        yield Figure(t("figures.outcomes"), ", ".join(told), f.number(len(ended)))


def _sample(things: Iterable[Agreement] | Iterable[object]) -> bool:
    return any(getattr(thing, "sample", False) for thing in things)
