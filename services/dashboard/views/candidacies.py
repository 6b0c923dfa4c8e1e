"""Candidacies: what closes when, on the issuer's clock, and how the others ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from services.dashboard.domain.alerts_networks import UNSUBMITTED
from services.dashboard.views.frame import Frame, anchor
from shared.contracts.dossiers import Candidacy, CandidacyStatus

CLOSED = (CandidacyStatus.WON, CandidacyStatus.FINALIST, CandidacyStatus.LOST, CandidacyStatus.WITHDRAWN)
_TONES = {CandidacyStatus.WON: "ok", CandidacyStatus.FINALIST: "blue"}


@dataclass(frozen=True, slots=True)
class Closing:
    """An open candidacy. ``day`` and ``time`` are the issuer's; ``here`` the city's time where it differs."""

    anchor: str
    subject: str
    what: str
    meta: str
    status: str
    day: str
    time: str
    here: str
    left: str
    tone: str
    sample: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A closed candidacy with its outcome."""

    anchor: str
    subject: str
    what: str
    applicant: str
    decided: str
    outcome: str
    tone: str
    method: str
    rounds: list[str]
    note: str
    source: str
    as_of: str
    sample: bool


@dataclass(frozen=True, slots=True)
class CandidaciesPanel:
    """Open and closed candidacies, and the outcomes in one sentence."""

    open: list[Closing]
    ended: list[Ended]
    tally: str
    sample: bool


def candidacies_panel(candidacies: tuple[Candidacy, ...], frame: Frame) -> CandidaciesPanel:
    """Open ones by their deadline (unknown ones last), closed ones from the latest on."""
    still_open = [candidacy for candidacy in candidacies if candidacy.status not in CLOSED]
    still_open.sort(
        key=lambda c: (c.deadline is None, c.deadline.at.timestamp() if c.deadline else 0, c.candidacy_id)
    )
    closed = [candidacy for candidacy in candidacies if candidacy.status in CLOSED]
    closed.sort(key=lambda c: (_decided(c) or str(c.edition_year or ""), c.candidacy_id), reverse=True)
    tally = Counter(candidacy.status for candidacy in closed)
    told = [frame.t(f"candidacies.tally.{status}", n=tally[status]) for status in CLOSED if tally[status]]
    return CandidaciesPanel(
        open=[_closing(candidacy, frame) for candidacy in still_open],
        ended=[_ended(candidacy, frame) for candidacy in closed],
        tally=", ".join(told),
        sample=any(candidacy.sample for candidacy in still_open),
    )


def name(candidacy: Candidacy, frame: Frame) -> str:
    """What is applied for; the edition's year is named unless the name has it already."""
    what = frame.pick(candidacy.what_for, candidacy.what_for_it)
    year = candidacy.edition_year
    return what if year is None or str(year) in what else f"{what} {year}"


def _decided(candidacy: Candidacy) -> str:
    return (candidacy.outcome.decided_on or "") if candidacy.outcome else ""


def _closing(candidacy: Candidacy, frame: Frame) -> Closing:
    f, t, clock = frame.f, frame.t, frame.clock
    day = time = here = left = tone = ""
    deadline = candidacy.deadline
    if deadline:
        own = deadline.at.astimezone(clock.zone)
        local_day, local_time = deadline.local.split("T")
        issuer_day = clock.day(deadline.at) if own.isoformat()[:16] == deadline.local else None
        day = f.day_short(issuer_day or own.date().fromisoformat(local_day))
        time = f"{local_time} {f.zone_city(deadline.time_zone)}"
        if f.shift(deadline.time_zone, deadline.at):
            other_day = "" if own.date().isoformat() == local_day else f"{f.day_short(own.date())} "
            here = f"{other_day}{f.time(deadline.at)} {frame.city_name}"
        days = (clock.day(deadline.at) - clock.today).days
        if candidacy.status in UNSUBMITTED:
            passed = deadline.at < clock.now
            left = (
                t("candidacies.passed", n=-days)
                if passed and days
                else t("candidacies.closed-today")
                if passed
                else (t("candidacies.left", n=days) if days else t("candidacies.today"))
            )
            tone = "grave" if passed or days <= 7 else "warn" if days <= 30 else ""
    meta = [frame.pick(candidacy.applicant, candidacy.applicant_it)]
    if candidacy.issuer:
        meta.append(candidacy.issuer)
    return Closing(
        anchor=anchor(candidacy.candidacy_id),
        subject=candidacy.candidacy_id,
        what=name(candidacy, frame),
        meta=", ".join(meta),
        status=t(f"candidacy.status.{candidacy.status}"),
        day=day,
        time=time,
        here=here,
        left=left,
        tone=tone,
        sample=candidacy.sample,
    )


def _ended(candidacy: Candidacy, frame: Frame) -> Ended:
    outcome = candidacy.outcome
    return Ended(
        anchor=anchor(candidacy.candidacy_id),
        subject=candidacy.candidacy_id,
        what=name(candidacy, frame),
        applicant=frame.pick(candidacy.applicant, candidacy.applicant_it),
        decided=frame.f.partial_short(outcome.decided_on) if outcome and outcome.decided_on else "",
        outcome=frame.t(f"candidacy.status.{candidacy.status}"),
        tone=_TONES.get(candidacy.status, ""),
        method=frame.pick(outcome.method, outcome.method_it) if outcome else "",
        rounds=[frame.pick(each.result, each.result_it) for each in outcome.rounds] if outcome else [],
        note=(frame.pick(outcome.note, outcome.note_it) if outcome else "") or candidacy.reason or "",
        source=candidacy.source.title,
        as_of=frame.f.partial_short(candidacy.as_of),
        sample=candidacy.sample,
    )
