"""Today hour by hour, what comes next, and who is where in the coming weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.dashboard.domain.alerts_networks import UNSUBMITTED
from services.dashboard.domain.picture import LIVE_MISSIONS, Picture, clashing
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.agenda import Leg, Mission, MissionStatus

NEXT = 6
"""How many entries the panel of today holds at least, filled up with what comes next."""
AHEAD = timedelta(days=120)


@dataclass(frozen=True, slots=True)
class Stop:
    """One line of the day: a mission, a closing call or a duty. ``state`` is a class of the drawing."""

    key: str
    hours: str
    there: str
    title: str
    meta: str
    state: str
    running: bool = False
    clash: bool = False
    sample: bool = False
    href: str = ""
    now: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """The stops of one day; ``name`` heads them unless it is today."""

    name: str
    is_today: bool
    stops: list[Stop]


@dataclass(frozen=True, slots=True)
class TodayPanel:
    """Today, then what is next until the panel is filled."""

    days: list[Day]
    has_today: bool
    count: int
    sample: bool


def mission_title(mission: Mission, frame: Frame) -> str:
    """What a mission is called: a reserved one is only "busy"."""
    if mission.reserved:
        return frame.t("busy")
    return mission.title or places(mission, frame) or frame.t("mission")


def places(mission: Mission, frame: Frame) -> str:
    """``Cracovia, Leopoli``: each city once, in the order of the legs."""
    return ", ".join(dict.fromkeys(frame.place(leg.place) for leg in mission.legs))


def today_panel(picture: Picture, frame: Frame) -> TodayPanel:
    """The stops of today and of the next days that have any."""
    clock, clash_ids = frame.clock, _clashing_ids(picture)
    timed: list[tuple[date, datetime, Stop]] = []
    for mission in picture.missions:
        if mission.status is MissionStatus.CANCELLED or mission.ends_at < clock.now - timedelta(days=1):
            continue
        if mission.starts_at > clock.now + AHEAD:
            continue
        timed.extend(_mission_stops(mission, frame, mission.mission_id in clash_ids))
    for candidacy in picture.candidacies:
        deadline = candidacy.deadline
        if deadline and candidacy.status in UNSUBMITTED and deadline.at < clock.now + AHEAD:
            day = clock.day(deadline.at)
            there, zone = "", _zone(deadline.time_zone)
            if zone and frame.f.shift(deadline.time_zone, deadline.at):
                there = frame.t(
                    "there", time=frame.f.time(deadline.at, zone), place=frame.f.zone_city(deadline.time_zone)
                )
            stop = Stop(
                key=f"deadline-{candidacy.candidacy_id}",
                hours=frame.f.time(deadline.at),
                there=there,
                title=frame.t("today.closes", what=frame.pick(candidacy.what_for, candidacy.what_for_it)),
                meta=frame.t(f"candidacy.status.{candidacy.status}"),
                state="dl",
                sample=candidacy.sample,
                href=f"#{anchor(candidacy.candidacy_id)}",
            )
            timed.append((day, deadline.at, stop))
    for membership in picture.memberships:
        for duty in membership.duties:
            if duty.done_on is None and clock.today <= duty.due_on <= clock.today + AHEAD:
                stop = Stop(
                    key=f"duty-{duty.duty_id}",
                    hours=frame.t("today.by-evening"),
                    there="",
                    title=frame.pick(duty.what, duty.what_it),
                    meta=frame.pick(membership.network, membership.network_it),
                    state="dl",
                    sample=duty.sample or membership.sample,
                    href=f"#{anchor(membership.membership_id)}",
                )
                end = datetime.combine(duty.due_on, datetime.max.time(), tzinfo=clock.zone)
                timed.append((duty.due_on, end, stop))
    timed.sort(key=lambda entry: (entry[0], entry[1], entry[2].key))
    return _by_day(timed, frame)


def _by_day(timed: list[tuple[date, datetime, Stop]], frame: Frame) -> TodayPanel:
    clock = frame.clock
    kept = [entry for entry in timed if entry[0] == clock.today]
    count = len(kept)
    later = [entry for entry in timed if entry[0] > clock.today]
    kept += later[: max(0, NEXT - count)]
    days: list[Day] = []
    for day, start, stop in kept:
        if not days or days[-1].name != frame.f.day_short(day):
            days.append(Day(name=frame.f.day_short(day), is_today=day == clock.today, stops=[]))
        stops = days[-1].stops
        if day == clock.today and start > clock.now and not any(known.now for known in stops):
            stops.append(_now_line(frame))
        stops.append(stop)
    if days and days[0].is_today and not any(known.now for known in days[0].stops):
        days[0].stops.append(_now_line(frame))
    return TodayPanel(
        days=days,
        has_today=bool(count),
        count=count,
        sample=any(stop.sample for day in days for stop in day.stops),
    )


def _now_line(frame: Frame) -> Stop:
    text = frame.t("today.now", time=frame.f.time(frame.clock.now))
    return Stop(key="now", hours=text, there="", title="", meta="", state="now", now=True)


def _mission_stops(mission: Mission, frame: Frame, clash: bool) -> list[tuple[date, datetime, Stop]]:
    """One stop for the day on which a mission begins, and one for today while it lasts."""
    clock = frame.clock
    first, last = clock.day(mission.starts_at), clock.day(mission.ends_at)
    days = {first} | ({clock.today} if first <= clock.today <= last else set())
    return [
        (day, _leg_on(mission, frame, day).starts_at, _mission_stop(mission, frame, day, clash))
        for day in sorted(days)
        if day >= clock.today
    ]


def _leg_on(mission: Mission, frame: Frame, day: date) -> Leg | Mission:
    """The leg of that day, else the whole mission."""
    on_day = [
        leg for leg in mission.legs if frame.clock.day(leg.starts_at) <= day <= frame.clock.day(leg.ends_at)
    ]
    return on_day[0] if on_day else mission


def _mission_stop(mission: Mission, frame: Frame, day: date, clash: bool) -> Stop:
    clock, f, t = frame.clock, frame.f, frame.t
    part = _leg_on(mission, frame, day)
    starts, ends = clock.day(part.starts_at), clock.day(part.ends_at)
    if starts < day < ends:
        hours = t("today.all-day")
    elif starts < day:
        hours = t("today.until-hour", time=f.time(part.ends_at))
    elif ends > day:
        hours = t("today.from-hour", time=f.time(part.starts_at))
    else:
        hours = f"{f.time(part.starts_at)}–{f.time(part.ends_at)}"
    there = ""
    if isinstance(part, Leg) and f.shift(part.place.time_zone, part.starts_at) and starts == day:
        zone = _zone(part.place.time_zone)
        there = t("there", time=f.time(part.starts_at, zone), place=frame.place(part.place))
    running = mission.starts_at <= clock.now < mission.ends_at and mission.status in LIVE_MISSIONS
    done = mission.status is MissionStatus.COMPLETED or mission.ends_at <= clock.now
    meta = [frame.person(mission.holder)]
    if clock.day(mission.ends_at) > day:
        meta.append(t("today.until-day", day=f.day_plain(clock.day(mission.ends_at))))
    if mission.status is MissionStatus.PROPOSED:
        meta.append(t("mission-status.proposed"))
    return Stop(
        key=mission.mission_id,
        hours=hours,
        there=there,
        title=mission_title(mission, frame),
        meta=", ".join(meta),
        state="done" if done else "clash" if clash else "running" if running else "",
        running=running,
        clash=clash and not done,
        sample=mission.sample,
        href=f"#{anchor(mission.mission_id)}",
    )


def _clashing_ids(picture: Picture) -> set[str]:
    return {mission.mission_id for pair in clashing(picture.missions) for mission in pair}


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return None
