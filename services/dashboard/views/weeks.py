"""The coming weeks in lanes, one per holder, and the same as a list."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from services.dashboard.domain.alerts_networks import UNSUBMITTED
from services.dashboard.domain.picture import Picture, clashing
from services.dashboard.language import function_order
from services.dashboard.views.agenda import mission_title, places
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.agenda import Mission, MissionStatus

ROWS = 6
"""Rows that a lane may take; what does not fit is in the list, and the lane says how much."""
LISTED = 100
"""Missions of the period that the list names."""


@dataclass(frozen=True, slots=True)
class Column:
    """One day of the calendar."""

    number: int
    weekday: str
    day: str
    is_today: bool
    weekend: bool
    holiday: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A mission or a deadline in a lane: from column ``start`` over ``span`` days, in row ``row``."""

    key: str
    label: str
    title: str
    start: int
    span: int
    row: int
    tone: str
    sample: bool
    href: str


@dataclass(slots=True)
class Lane:
    """Everything of one holder."""

    name: str
    bars: list[Bar] = field(default_factory=list)

    @property
    def shown(self) -> list[Bar]:
        """The bars that the lane has room for."""
        return [bar for bar in self.bars if bar.row <= ROWS]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list."""

    anchor: str
    when: str
    shift: str
    title: str
    meta: str
    tag: str
    tag_tone: str
    sample: bool


@dataclass(frozen=True, slots=True)
class WeeksPanel:
    """The calendar of the chosen period and its list."""

    columns: list[Column]
    lanes: list[Lane]
    items: list[Item]
    late: list[Item]
    later: list[Item]
    unlisted: int
    holidays: str
    holidays_known: bool
    sample: bool
    tones: list[str]


def weeks_panel(picture: Picture, frame: Frame) -> WeeksPanel:
    """The lanes and the list of the period that the filter names, beginning today."""
    clock, days = frame.clock, frame.lens.days
    first = clock.today
    last = first + timedelta(days=days - 1)
    clash_ids = {mission.mission_id for pair in clashing(picture.missions) for mission in pair}
    columns = _columns(first, days, frame)
    shown = sorted(
        (
            mission
            for mission in picture.missions
            if mission.status is not MissionStatus.CANCELLED
            and clock.day(mission.ends_at) >= first
            and clock.day(mission.starts_at) <= last
        ),
        key=lambda mission: (mission.starts_at, mission.mission_id),
    )
    lanes: dict[str, Lane] = {}
    for mission in shown:
        name = frame.function(mission.holder.function)
        lane = lanes.setdefault(name.casefold(), Lane(name))
        _place(lane, _bar(mission, frame, first, last, mission.mission_id in clash_ids))
    order = function_order(frame.lens.language)
    named = sorted(lanes.values(), key=lambda lane: (order.get(lane.name.casefold(), len(order)), lane.name))
    deadlines = _deadline_lane(picture, frame, first, last)
    if deadlines.bars:
        named.append(deadlines)
    late = [
        mission
        for mission in picture.missions
        if mission.status is MissionStatus.SCHEDULED and mission.ends_at < clock.now and mission not in shown
    ]
    later = sorted(
        (
            mission
            for mission in picture.missions
            if mission.status in (MissionStatus.SCHEDULED, MissionStatus.PROPOSED)
            and clock.day(mission.starts_at) > last
        ),
        key=lambda mission: (mission.starts_at, mission.mission_id),
    )[:8]
    named_days = [column for column in columns if column.holiday]
    return WeeksPanel(
        columns=columns,
        lanes=named,
        items=[_item(mission, frame, clash_ids) for mission in shown[:LISTED]],
        unlisted=max(0, len(shown) - LISTED),
        late=[_item(m, frame, clash_ids) for m in sorted(late, key=lambda m: m.ends_at, reverse=True)[:8]],
        later=[_item(mission, frame, clash_ids) for mission in later],
        holidays=", ".join(
            f"{first + timedelta(days=column.number - 1):%-d} {column.holiday}" for column in named_days
        ),
        holidays_known=frame.holidays is not None,
        sample=any(bar.sample for lane in named for bar in lane.bars),
        tones=sorted({bar.tone for lane in named for bar in lane.bars if not bar.tone.startswith("dl")}),
    )


def _columns(first: date, days: int, frame: Frame) -> list[Column]:
    known = frame.holidays
    columns = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        columns.append(
            Column(
                number=offset + 1,
                weekday=frame.f.weekday(day),
                day=str(day.day),
                is_today=day == frame.clock.today,
                weekend=day.weekday() >= 5,
                holiday=(known.get(day) or "") if known is not None else "",
            )
        )
    return columns


def _tone(mission: Mission, clash: bool) -> str:
    if mission.reserved:
        return "busy"
    if clash:
        return "bad"
    if mission.status is MissionStatus.PROPOSED:
        return "prop"
    return "done" if mission.status is MissionStatus.COMPLETED else "go"


def _bar(mission: Mission, frame: Frame, first: date, last: date, clash: bool) -> Bar:
    start = max(frame.clock.day(mission.starts_at), first)
    end = min(frame.clock.day(mission.ends_at), last)
    shift = _shift(mission, frame)
    label = frame.t("busy") if mission.reserved else places(mission, frame) or mission_title(mission, frame)
    if shift:
        label = f"{label} ({shift})"
    tone = _tone(mission, clash)
    when = frame.f.days(frame.clock.day(mission.starts_at), frame.clock.day(mission.ends_at))
    parts = [mission_title(mission, frame), when, frame.t(f"mission-status.{mission.status}")]
    return Bar(
        key=mission.mission_id,
        label=label,
        title=", ".join(part for part in (*parts, frame.t("clash") if clash else "") if part),
        start=(start - first).days + 1,
        span=(end - start).days + 1,
        row=1,
        tone=tone,
        sample=mission.sample,
        href=f"#{anchor(mission.mission_id)}",
    )


def _shift(mission: Mission, frame: Frame) -> str:
    """How far the clock of the first leg elsewhere is from the city's."""
    for leg in mission.legs:
        shift = frame.f.shift(leg.place.time_zone, leg.starts_at)
        if shift:
            return shift
    return ""


def _place(lane: Lane, bar: Bar) -> None:
    """Put a bar into the first row of its lane where it lies upon nothing."""
    row = 1
    while any(
        known.row == row and known.start < bar.start + bar.span and bar.start < known.start + known.span
        for known in lane.bars
    ):
        row += 1
    lane.bars.append(replace(bar, row=row))


def _deadline_lane(picture: Picture, frame: Frame, first: date, last: date) -> Lane:
    """Closing calls and network duties; their labels are wider than a day, so rows keep them apart."""
    found: list[tuple[date, str, str, bool, str]] = []
    for candidacy in picture.candidacies:
        deadline = candidacy.deadline
        if deadline and candidacy.status in UNSUBMITTED:
            label = frame.pick(candidacy.what_for, candidacy.what_for_it)
            day = frame.clock.day(deadline.at)
            found.append((day, label, candidacy.candidacy_id, candidacy.sample, candidacy.candidacy_id))
    for membership in picture.memberships:
        for duty in membership.duties:
            if duty.done_on is None:
                network = frame.pick(membership.network, membership.network_it)
                label = f"{network}: {frame.pick(duty.what, duty.what_it)}"
                sample = duty.sample or membership.sample
                found.append((duty.due_on, label, duty.duty_id, sample, membership.membership_id))
    lane = Lane(frame.t("weeks.deadlines"))
    width = frame.lens.days * 2 // 7
    for day, label, key, sample, subject in sorted(found):
        if first <= day <= last:
            column = (day - first).days + 1
            # Near the right edge the label stands before its mark.
            at_end = column + width - 1 > frame.lens.days
            bar = Bar(
                key=key,
                label=label,
                title=f"{label}, {frame.f.day_short(day)}",
                start=column - width + 1 if at_end else column,
                span=width,
                row=1,
                tone="dl end" if at_end else "dl",
                sample=sample,
                href=f"#{anchor(subject)}",
            )
            _place(lane, bar)
    return lane


def _item(mission: Mission, frame: Frame, clash_ids: set[str]) -> Item:
    clash = mission.mission_id in clash_ids
    where = places(mission, frame)
    title = mission_title(mission, frame)
    holder = frame.person(mission.holder)
    if clash:
        tag, tone = frame.t("clash"), "grave"
    elif mission.status is MissionStatus.SCHEDULED and mission.ends_at < frame.clock.now:
        tag, tone = frame.t("weeks.not-closed"), "warn"
    elif mission.status is MissionStatus.PROPOSED:
        tag, tone = frame.t("mission-status.proposed"), ""
    elif mission.starts_at <= frame.clock.now < mission.ends_at:
        tag, tone = frame.t("today.running"), "blue"
    else:
        tag, tone = "", ""
    return Item(
        anchor=anchor(mission.mission_id),
        when=frame.f.days(frame.clock.day(mission.starts_at), frame.clock.day(mission.ends_at)),
        shift=_shift(mission, frame),
        title=title,
        meta=", ".join(part for part in (holder, where if where not in title else "") if part),
        tag=tag,
        tag_tone=tone,
        sample=mission.sample,
    )
