"""The feed: one sentence for each event, and what of it is new to the reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import ValidationError

from services.dashboard.register import FeedEntry
from services.dashboard.views.agenda import mission_title
from services.dashboard.views.agreements import counterpart
from services.dashboard.views.candidacies import name as candidacy_name
from services.dashboard.views.frame import Frame
from shared.contracts.agenda import Mission, MissionEvent
from shared.contracts.agreements import AgreementEvent, AgreementSigned, AgreementTermOver
from shared.contracts.base import EventData, PersonErased
from shared.contracts.dossiers import CandidacyEvent, DeadlineMoved
from shared.contracts.networks import DutyDone, DutySet, MandateEnded, MandateRecorded, MembershipEvent
from shared.contracts.registry import BY_TYPE

GRAVE_KINDS = frozenset(
    {
        "mission.cancelled",
        "agreement.signing-reopened",
        "agreement.suspended",
        "candidacy.withdrawn",
    }
)
"""Kinds of event that undo what was agreed or planned."""
GROUPS = 6
"""How many kinds the strip names before it says "other"."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the feed."""

    id: str
    number: int
    subject: str
    epoch: int
    sequence: int
    kind: str
    time: str
    day: str
    iso: str
    title: str
    text: str
    unit: str
    unit_key: str
    unit_code: str
    grave: bool
    sample: bool

    @property
    def epoch_key(self) -> str:
        """The stable id of the line."""
        return self.id.replace(".", "-")


@dataclass(frozen=True, slots=True)
class Group:
    """How many new entries there are of one kind, or of all other kinds."""

    count: int
    label: str
    kinds: frozenset[str]
    grave: bool


@dataclass(frozen=True, slots=True)
class SincePanel:
    """What changed since the reader was here. ``capped``: there is more than was counted."""

    total: int
    capped: bool
    when: str
    groups: list[Group]


def kind_of(event_type: str) -> str:
    """``mission.scheduled`` of ``ponte.agenda.mission.scheduled.v1``."""
    return ".".join(event_type.split(".")[2:-1])


def is_grave(entry: FeedEntry) -> bool:
    """Whether the event undoes something: by its kind, or because a deadline came nearer."""
    kind = kind_of(entry.type)
    if kind == "candidacy.deadline-moved":
        event = _event(entry)
        return bool(
            isinstance(event, DeadlineMoved)
            and event.before
            and event.candidacy.deadline
            and event.candidacy.deadline.at < event.before.at
        )
    return kind in GRAVE_KINDS


def entry_view(entry: FeedEntry, frame: Frame) -> Entry:
    """An entry in words. One whose body cannot be read any more keeps its title and subject."""
    kind = kind_of(entry.type)
    event = _event(entry)
    local = frame.f.local(entry.time)
    return Entry(
        id=f"{entry.epoch}.{entry.number}",
        number=entry.number,
        subject=entry.subject,
        epoch=entry.aggregate_epoch,
        sequence=entry.sequence,
        kind=kind,
        time=f"{local:%H:%M}",
        day="" if local.date() == frame.clock.today else _day(local.date(), frame),
        iso=local.isoformat(timespec="seconds"),
        title=frame.t.get(f"kind.{kind.replace('.', '-')}.title", kind),
        text=_told(event, frame) or entry.subject,
        unit=frame.unit_short(entry.unit),
        unit_key=entry.unit.value,
        unit_code=frame.unit_code(entry.unit),
        grave=is_grave(entry),
        sample=_sample(event),
    )


def wanted(entry: FeedEntry, frame: Frame) -> bool:
    """Whether the filters of the page and of its feed let this entry through."""
    lens = frame.lens
    return (
        lens.unit in (None, entry.unit)
        and lens.feed_unit in (None, entry.unit)
        and (not lens.kinds or kind_of(entry.type) in lens.kinds)
        and (not lens.grave or is_grave(entry))
    )


def since_panel(
    counted: Counter[tuple[str, bool]], since: datetime | None, frame: Frame, *, capped: bool = False
) -> SincePanel:
    """The strip from the number of new entries by kind and gravity."""
    t = frame.t
    kinds: Counter[str] = Counter()
    for (kind, _), number in counted.items():
        kinds[kind] += number
    grave_kinds = {kind for (kind, grave), number in counted.items() if grave and number}
    order = sorted(kinds, key=lambda kind: (kind not in grave_kinds, -kinds[kind], kind))
    named = order if len(order) <= GROUPS else order[: GROUPS - 1]
    groups = [
        Group(
            count=kinds[kind],
            label=t(f"kind.{kind.replace('.', '-')}.count", n=kinds[kind]),
            kinds=frozenset({kind}),
            grave=kind in grave_kinds,
        )
        for kind in named
    ]
    rest = order[len(named) :]
    if rest:
        number = sum(kinds[kind] for kind in rest)
        groups.append(Group(number, t("since.other", n=number), frozenset(rest), grave=False))
    if frame.lens.since == "visit":
        when = t("since.visit", when=frame.f.moment(since)) if since else t("since.first")
    else:
        when = t(f"since.{frame.lens.since}")
    return SincePanel(total=kinds.total(), capped=capped, when=when, groups=groups)


def _day(day: date, frame: Frame) -> str:
    """``ieri`` or ``20 nov``: what fits beneath the time of an entry that is not of today."""
    return frame.f.near(day) if (frame.clock.today - day).days == 1 else frame.f.day_plain(day)


def _event(entry: FeedEntry) -> EventData | None:
    model = BY_TYPE.get(entry.type)
    if model is None:
        return None
    try:
        return model.model_validate(entry.data)
    except ValidationError:
        return None


def _sample(event: EventData | None) -> bool:
    for name in ("mission", "agreement", "membership", "candidacy"):
        about = getattr(event, name, None)
        if about is not None:
            return bool(about.sample)
    return False


def _told(event: EventData | None, frame: Frame) -> str:
    told = next((tell(event, frame) for model, tell in _TELLERS if isinstance(event, model)), "")
    return frame.t("feed.erased", what=told) if isinstance(event, PersonErased) else told


def _mission(event: Any, frame: Frame) -> str:
    mission: Mission = event.mission
    first, last = frame.clock.day(mission.starts_at), frame.clock.day(mission.ends_at)
    return f"{mission_title(mission, frame)}, {frame.f.days(first, last)}"


def _agreement(event: Any, frame: Frame) -> str:
    agreement = event.agreement
    parts = [counterpart(agreement, frame), frame.t(f"agreement-kind.{agreement.kind}")]
    if isinstance(event, AgreementSigned):
        parts.append(frame.f.partial(event.signed_on))
    elif isinstance(event, AgreementTermOver):
        parts.append(frame.f.partial(event.term_ended_by))
    elif agreement.signing:
        parts.append(frame.f.day_short(frame.clock.day(agreement.signing.on)))
    return ", ".join(parts)


def _membership(event: Any, frame: Frame) -> str:
    membership = event.membership
    network = frame.pick(membership.network, membership.network_it)
    if isinstance(event, MandateRecorded | MandateEnded):
        for mandate in membership.mandates:
            if mandate.mandate_id == event.mandate_id:
                return f"{network}, {frame.pick(mandate.office, mandate.office_it)}"
    if isinstance(event, DutySet | DutyDone):
        for duty in membership.duties:
            if duty.duty_id == event.duty_id:
                what = frame.pick(duty.what, duty.what_it)
                return f"{network}, {what}, {frame.f.day_short(duty.due_on)}"
    return network


def _candidacy(event: Any, frame: Frame) -> str:
    candidacy = event.candidacy
    what = candidacy_name(candidacy, frame)
    if isinstance(event, DeadlineMoved) and candidacy.deadline:
        after = frame.f.day_short(frame.clock.day(candidacy.deadline.at))
        if event.before:
            before = frame.f.day_short(frame.clock.day(event.before.at))
            return frame.t("feed.moved", what=what, before=before, after=after)
        return f"{what}, {after}"
    return what


_TELLERS: tuple[tuple[type[EventData], Callable[[Any, Frame], str]], ...] = (
    (MissionEvent, _mission),
    (AgreementEvent, _agreement),
    (MembershipEvent, _membership),
    (CandidacyEvent, _candidacy),
)
