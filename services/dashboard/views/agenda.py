"""Today hour by hour, what comes next, and who is where in the coming weeks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.dashboard.domain.alerts_networks import UNSUBMITTED
from services.dashboard.domain.picture import LIVE_MISSIONS, Picture, clashing
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.agenda import Leg, Mission, MissionStatus

NEXT = 12
"""How many entries the panel of today holds, filled up with what comes next."""
MOST_TODAY = 20
AHEAD = timedelta(days=120)

Timed = tuple[date, datetime, "Stop"]
"""A stop with its day in the city and the moment that it is sorted by."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One line of the day: a mission, a closing call or a duty; ``now`` is the line of the present.

    ``day`` is empty for today and for what is on the same day as the line before. ``state`` is a class of the
    drawing.
    """

    key: str
    hours: str
    there: str = ""
    day: str = ""
    title: str = ""
    meta: str = ""
    state: str = ""
    running: bool = False
    clash: bool = False
    sample: bool = False
    href: str = ""

    @property
    def now(self) -> bool:
        """Whether this is no stop but the present."""
        return self.state == "now"


@dataclass(frozen=True, slots=True)
class TodayPanel:
    """Today, then what is next until the panel is filled. ``count``: how many are today's."""

    stops: list[Stop]
    count: int


def mission_title(mission: Mission, frame: Frame) -> str:
    """What a mission is called: a reserved one is only "busy"."""
    if mission.reserved:
        return frame.t("busy")
    return mission.title or places(mission, frame) or frame.t("mission")


def places(mission: Mission, frame: Frame) -> str:
    """``Cracovia, Leopoli``: each city once, in the order of the legs."""
    return ", ".join(dict.fromkeys(frame.place(leg.place) for leg in mission.legs))


def today_panel(picture: Picture, frame: Frame) -> TodayPanel:
    """The stops of today with the line of now among them, then those of the days to come."""
    clock = frame.clock
    timed = [*_missions(picture, frame), *_deadlines(picture, frame), *_duties(picture, frame)]
    timed.sort(key=lambda entry: (entry[0], entry[1], entry[2].key))
    today = [entry for entry in timed if entry[0] == clock.today]
    later = [entry for entry in timed if entry[0] > clock.today][: max(0, NEXT - len(today))]
    # What is over makes room first.
    kept = today[-MOST_TODAY:]
    stops = [stop for _, start, stop in kept if start <= clock.now]
    if kept:
        stops.append(Stop(key="now", hours=frame.t("today.now", time=frame.f.time(clock.now)), state="now"))
    stops += [stop for _, start, stop in kept if start > clock.now]
    known = clock.today
    for day, _, stop in later:
        stops.append(stop if day == known else replace(stop, day=_day(day, frame)))
        known = day
    return TodayPanel(stops=stops, count=len(today))


def _day(day: date, frame: Frame) -> str:
    """``gio 26 nov``; of another year without the day of the week, which would not fit."""
    return frame.f.day_short(day) if day.year == frame.clock.today.year else frame.f.day_plain(day)


def _missions(picture: Picture, frame: Frame) -> Iterator[Timed]:
    now, clashes = frame.clock.now, _clashing_ids(picture)
    for mission in picture.missions:
        over = mission.ends_at < now - timedelta(days=1)
        if mission.status is not MissionStatus.CANCELLED and not over and mission.starts_at < now + AHEAD:
            yield from _mission_stops(mission, frame, mission.mission_id in clashes)


def _deadlines(picture: Picture, frame: Frame) -> Iterator[Timed]:
    f, t, clock = frame.f, frame.t, frame.clock
    for candidacy in picture.candidacies:
        deadline = candidacy.deadline
        if deadline is None or candidacy.status not in UNSUBMITTED or deadline.at > clock.now + AHEAD:
            continue
        there, zone = "", _zone(deadline.time_zone)
        if zone and f.shift(deadline.time_zone, deadline.at):
            there = t("there", time=f.time(deadline.at, zone), place=f.zone_city(deadline.time_zone))
        stop = Stop(
            key=f"deadline-{candidacy.candidacy_id}",
            hours=f.time(deadline.at),
            there=there,
            title=t("today.closes", what=frame.pick(candidacy.what_for, candidacy.what_for_it)),
            meta=t(f"candidacy.status.{candidacy.status}"),
            state="dl",
            sample=candidacy.sample,
            href=f"#{anchor(candidacy.candidacy_id)}",
        )
        yield clock.day(deadline.at), deadline.at, stop


def _duties(picture: Picture, frame: Frame) -> Iterator[Timed]:
    clock = frame.clock
    for membership in picture.memberships:
        for duty in membership.duties:
            if duty.done_on is None and clock.today <= duty.due_on <= clock.today + AHEAD:
                stop = Stop(
                    key=f"duty-{duty.duty_id}",
                    hours=frame.t("today.by-evening" if duty.due_on == clock.today else "today.by-day"),
                    title=frame.pick(duty.what, duty.what_it),
                    meta=frame.pick(membership.network, membership.network_it),
                    state="dl",
                    sample=duty.sample or membership.sample,
                    href=f"#{anchor(membership.membership_id)}",
                )
                yield duty.due_on, datetime.combine(duty.due_on, time.max, tzinfo=clock.zone), stop


def _mission_stops(mission: Mission, frame: Frame, clash: bool) -> list[Timed]:
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
