"""Alerts in words: what it is, why, whose it is, and the one place to go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.dashboard.domain.alert import Alert, Gravity
from services.dashboard.domain.alerts import find_alerts
from services.dashboard.domain.picture import Picture
from services.dashboard.domain.terms import latest, term_end
from services.dashboard.views.agenda import mission_title
from services.dashboard.views.agreements import counterpart
from services.dashboard.views.candidacies import name as candidacy_name
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.agreements import Agreement

NAMED = 4
"""How many names stand in the title of an alert about many."""
SHORT = 12
"""Letters of a counterpart's name that such a title has room for."""


@dataclass(frozen=True, slots=True)
class AlertLine:
    """One alert."""

    key: str
    title: str
    foot: str
    owner: str
    owner_code: str
    href: str
    names: list[tuple[str, str]]
    sample: bool


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """The alerts of one gravity."""

    gravity: str
    lines: list[AlertLine]


def alerts_panel(picture: Picture, frame: Frame) -> list[AlertGroup]:
    """The alerts of the units that the filter shows, by gravity; a gravity without any is left out."""
    found = find_alerts(picture, frame.clock)
    return [
        AlertGroup(gravity=gravity.value, lines=lines)
        for gravity in Gravity
        if (lines := [_line(alert, frame) for alert in found if alert.gravity is gravity])
    ]


def _line(alert: Alert, frame: Frame) -> AlertLine:
    title, foot = _WORDS[alert.rule](alert, frame)
    many = alert.rule in _GROUPED and len(alert.about) > 1
    return AlertLine(
        key=alert.key,
        title=title,
        foot=foot,
        owner=frame.unit_short(alert.unit),
        owner_code=frame.unit_code(alert.unit),
        href="#agreements"
        if many
        else f"#{anchor(alert.subjects[-1] if alert.rule == 'clash' else alert.subjects[0])}",
        names=[(counterpart(a, frame), f"#{anchor(a.agreement_id)}") for a in alert.about] if many else [],
        sample=alert.sample,
    )


def _clash(alert: Alert, frame: Frame) -> tuple[str, str]:
    earlier, later = alert.about
    holder = frame.function(later.holder.function)
    titles = [mission_title(mission, frame) for mission in (earlier, later)]
    days = [
        frame.f.days(frame.clock.day(mission.starts_at), frame.clock.day(mission.ends_at))
        for mission in (earlier, later)
    ]
    foot = f"{titles[0]}, {days[0]}; {titles[1]}, {days[1]}"
    first = max(frame.clock.day(later.starts_at), frame.clock.today)
    return frame.t("alert.clash", holder=holder, day=frame.f.near(first)), foot


def _mission(key: str) -> Callable[[Alert, Frame], tuple[str, str]]:
    def words(alert: Alert, frame: Frame) -> tuple[str, str]:
        (mission,) = alert.about
        day = frame.f.near(
            frame.clock.day(mission.ends_at if key == "mission-overdue" else mission.starts_at)
        )
        title = frame.t(f"alert.{key}", what=mission_title(mission, frame))
        return title, frame.t(f"alert.{key}-foot", day=day)

    return words


def _signing(key: str) -> Callable[[Alert, Frame], tuple[str, str]]:
    def words(alert: Alert, frame: Frame) -> tuple[str, str]:
        (agreement,) = alert.about
        day = frame.f.near(frame.clock.day(agreement.signing.on))
        return frame.t(f"alert.{key}", who=counterpart(agreement, frame)), frame.t(
            f"alert.{key}-foot", day=day
        )

    return words


def _term_over(alert: Alert, frame: Frame) -> tuple[str, str]:
    years = sorted({day.year for a in alert.about if (day := latest(a.renewed) or latest(a.signed))})
    title = frame.t("alert.term-over", who=_who(alert, frame))
    return title, frame.t("alert.term-over-foot", years=frame.f.listing([str(year) for year in years]))


def _term_ends(alert: Alert, frame: Frame) -> tuple[str, str]:
    (agreement,) = alert.about
    end = term_end(agreement)
    assert end
    title = frame.t("alert.term-ends", who=counterpart(agreement, frame), day=frame.f.day_plain(end))
    return title, frame.t("alert.term-ends-foot", n=(end - frame.clock.today).days)


def _dates(alert: Alert, frame: Frame) -> tuple[str, str]:
    (agreement,) = alert.about
    sides = "; ".join(f"{frame.f.partial_short(d.date)}, {d.source.title}" for d in agreement.signed)
    return frame.t("alert.dates-disagree", who=counterpart(agreement, frame)), sides


def _kinds(alert: Alert, frame: Frame) -> tuple[str, str]:
    (agreement,) = alert.about
    said = "; ".join(f"“{claim.said}”, {claim.source.title}" for claim in agreement.kind_claims)
    kind = frame.t(f"agreement-kind.{agreement.kind}")
    return (
        frame.t("alert.kinds-disagree", who=counterpart(agreement, frame)),
        frame.t("alert.kinds-disagree-foot", kind=kind, said=said),
    )


def _statuses(alert: Alert, frame: Frame) -> tuple[str, str]:
    (agreement,) = alert.about
    claims = (agreement.status, *agreement.other_statuses)
    told = "; ".join(
        f"{frame.t(f'agreement-status.{claim.status}')}, "
        f"{claim.source.title}, {frame.f.partial_short(claim.as_of)}"
        for claim in claims
    )
    return frame.t("alert.statuses-disagree", who=counterpart(agreement, frame)), told


def _grouped(key: str) -> Callable[[Alert, Frame], tuple[str, str]]:
    def words(alert: Alert, frame: Frame) -> tuple[str, str]:
        if len(alert.about) == 1:
            title = frame.t(f"alert.{key}-one", who=_who(alert, frame))
        else:
            title = frame.t(f"alert.{key}-many", n=len(alert.about))
        return title, _grouped_foot(key, alert.about, frame)

    return words


def _grouped_foot(key: str, agreements: tuple[Agreement, ...], frame: Frame) -> str:
    if key == "status-old":
        oldest = min(agreement.status.as_of for agreement in agreements)
        return frame.t("alert.status-old-foot", day=frame.f.partial(oldest))
    titles = sorted({dated.source.title for agreement in agreements for dated in agreement.signed})
    return "; ".join(titles[:2])


def _mandate(key: str) -> Callable[[Alert, Frame], tuple[str, str]]:
    def words(alert: Alert, frame: Frame) -> tuple[str, str]:
        membership, mandate = alert.about
        network = frame.pick(membership.network, membership.network_it)
        title = frame.t(f"alert.{key}", network=network, day=frame.f.partial_short(mandate.until))
        return title, f"{frame.pick(mandate.office, mandate.office_it)}: {frame.person(mandate.holder)}"

    return words


def _mandate_open(alert: Alert, frame: Frame) -> tuple[str, str]:
    membership, *mandates = alert.about
    network = frame.pick(membership.network, membership.network_it)
    offices = "; ".join(frame.pick(mandate.office, mandate.office_it) for mandate in mandates)
    return frame.t("alert.mandate-open", network=network), offices


def _duty(key: str) -> Callable[[Alert, Frame], tuple[str, str]]:
    def words(alert: Alert, frame: Frame) -> tuple[str, str]:
        membership, duty = alert.about
        network = frame.pick(membership.network, membership.network_it)
        days = alert.facts["days"]
        title = frame.t("alert.duty", network=network, what=frame.pick(duty.what, duty.what_it))
        told = frame.t("alert.due-today") if not days else frame.t(f"alert.{key}", n=days)
        return title, f"{told}, {frame.f.day_short(duty.due_on)}"

    return words


def _deadline(key: str) -> Callable[[Alert, Frame], tuple[str, str]]:
    def words(alert: Alert, frame: Frame) -> tuple[str, str]:
        (candidacy,) = alert.about
        deadline = candidacy.deadline
        title = frame.t(f"alert.{key}", what=candidacy_name(candidacy, frame))
        when = (
            f"{frame.f.day_short(frame.clock.day(deadline.at))} {frame.f.time(deadline.at)} {frame.city_name}"
        )
        days = alert.facts["days"]
        if key == "deadline-near":
            return (
                title,
                f"{frame.t('candidacies.left', n=days) if days else frame.t('alert.due-today')}, {when}",
            )
        return title, when

    return words


def _who(alert: Alert, frame: Frame) -> str:
    names = sorted({_city_of(agreement, frame) for agreement in alert.about})
    if len(names) > NAMED:
        return frame.t("alert.and-others", names=", ".join(names[:NAMED]), n=len(names) - NAMED)
    return frame.f.listing(names)


def _city_of(agreement: Agreement, frame: Frame) -> str:
    """The counterpart's own name where it is short, else its city; a bank has none."""
    name, place = counterpart(agreement, frame), agreement.counterpart.place
    return name if place is None or len(name) <= SHORT else frame.place(place)


_GROUPED = frozenset({"term-over", "secondary-only", "status-old"})
_WORDS: dict[str, Callable[[Alert, Frame], tuple[str, str]]] = {
    "clash": _clash,
    "mission-overdue": _mission("mission-overdue"),
    "mission-undecided": _mission("mission-undecided"),
    "signing-without-mission": _signing("signing-without-mission"),
    "signing-passed": _signing("signing-passed"),
    "term-over": _term_over,
    "term-ends": _term_ends,
    "dates-disagree": _dates,
    "kinds-disagree": _kinds,
    "statuses-disagree": _statuses,
    "secondary-only": _grouped("secondary-only"),
    "status-old": _grouped("status-old"),
    "mandate-ended": _mandate("mandate-ended"),
    "mandate-ends": _mandate("mandate-ends"),
    "mandate-open": _mandate_open,
    "duty-late": _duty("duty-late"),
    "duty-near": _duty("duty-near"),
    "deadline-passed": _deadline("deadline-passed"),
    "deadline-near": _deadline("deadline-near"),
}
