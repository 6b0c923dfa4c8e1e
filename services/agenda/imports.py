"""Missions from a calendar file: one event of the calendar is one mission with one leg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from services.agenda import domain
from services.agenda.domain import Correction, MissionState, Plan
from shared.contracts.agenda import Leg, MissionStatus, Purpose
from shared.contracts.base import Person, Place
from shared.domain import Change, DomainError, ForbiddenTransition, wall_clock
from shared.domain.written_times import moment_of
from shared.imports import Cells, Column, ImportKind, Problem, RowProblems, changes
from shared.imports.values import RowReader, flag, identifier, listed, one_of, optional, parts, text
from shared.places import UnknownCountry, resolve
from shared.store import derived_id

STATUS: Final[Mapping[str, MissionStatus]] = {
    "tentative": MissionStatus.PROPOSED,
    "confirmed": MissionStatus.SCHEDULED,
    "": MissionStatus.SCHEDULED,
    "cancelled": MissionStatus.CANCELLED,
}
"""What a calendar's STATUS means here; an event without one is settled."""

NO_REASON: Final = "Cancelled in the calendar / Annullata nel calendario"
"""The reason of a mission that a calendar cancels without a description."""

_COLUMN_OF: Final = {"agreement_id": "agreement_key", "legs": "starts_at"}


@dataclass(frozen=True, slots=True)
class MissionRow:
    """What the cells mean: the plan and how far it is."""

    plan: Plan
    status: MissionStatus


class MissionImport(ImportKind[MissionRow, MissionState]):
    """The table of missions."""

    name = "missions"
    key_column = "uid"
    rank = 20
    prefix = "mission"
    calendar = True
    columns: ClassVar[tuple[Column, ...]] = (
        Column("uid", True, "Stable key of the event", "Chiave stabile dell'evento"),
        Column("summary", True, "Title of the mission", "Titolo della missione"),
        Column("starts_at", True, "Start: a local time, or with Z", "Inizio: ora locale, oppure con Z"),
        Column("ends_at", True, "End; a date alone is exclusive", "Fine; una data sola è esclusa"),
        Column("time_zone", False, "IANA zone of local times", "Fuso IANA delle ore locali"),
        Column("location", True, "City, or 'City, country'", "Città, oppure 'Città, paese'"),
        Column("status", False, "TENTATIVE, CONFIRMED, CANCELLED", "TENTATIVE, CONFIRMED, CANCELLED"),
        Column("organizer", True, "Holder: FUNCTION | NAME", "Titolare: FUNZIONE | NOME"),
        Column("attendees", False, "Delegation, between ;", "Delegazione, separata da ;"),
        Column("categories", True, "Purpose of the mission", "Scopo della missione"),
        Column("agreement_key", False, "Key of the agreement to sign", "Chiave dell'accordo da firmare"),
        Column("reserved", False, "Shown as busy only: yes or no", "Mostrata solo come impegno: sì o no"),
        Column("sample", False, "Invented example: yes or no", "Esempio inventato: sì o no"),
        Column("description", False, "The office's own note", "Nota interna dell'ufficio"),
    )

    def parse(self, cells: Cells) -> MissionRow:
        """The row's mission. Raises ``RowProblems``."""
        row = RowReader(cells)
        place = row.read("location", _place)
        zone = row.read("time_zone", optional(_zone)) or str(getattr(place, "time_zone", "UTC"))
        key = row.read("agreement_key", optional(identifier))
        status = row.read("status", _status)
        title = row.read("summary", text())
        purpose = row.read("categories", one_of(Purpose))
        holder = row.read("organizer", _person)
        delegation = row.read("attendees", listed(_person))
        reserved, sample = row.read("reserved", flag), row.read("sample", flag)
        note = row.read("description", optional(text(4000)))
        starts_at = row.read("starts_at", lambda cell: _moment(cell, zone, "starts_at"))
        ends_at = row.read("ends_at", lambda cell: _moment(cell, zone, "ends_at"))
        row.check()
        plan = Plan(
            title=title,
            purpose=purpose,
            holder=holder,
            delegation=delegation,
            legs=(Leg(place=place, starts_at=starts_at, ends_at=ends_at),),
            agreement_id=derived_id("agreement", "import", key) if key else None,
            reserved=reserved,
            note=note,
            sample=sample,
        )
        try:
            domain.propose("mission", plan)
        except DomainError as refusal:
            raise RowProblems([_of_column(refusal, cells)]) from refusal
        return MissionRow(plan, status)

    def register(self, key: str, row: MissionRow) -> Change[MissionState]:
        """The mission enters the agenda as far as the calendar has it."""
        proposed = domain.propose(derived_id(self.prefix, "import", key), row.plan)
        return proposed.then(_brought_to(row.status, proposed.state, row.plan))

    def correct(self, state: MissionState, before: MissionRow, after: MissionRow) -> Change[MissionState]:
        """A correction, a move or the next step of its life; several where several cells changed."""
        changed = changes(_fields(before), {**dict(state)}, _fields(after))
        status, legs = changed.pop("status", None), changed.pop("legs", None)
        change = Change(state)
        if changed:
            change = change.then(domain.correct(change.state, Correction.model_validate(changed)))
        if legs is not None:
            change = change.then(domain.reschedule(change.state, after.plan.legs))
        if status is not None:
            change = change.then(_brought_to(after.status, change.state, after.plan))
        return change


def _brought_to(status: MissionStatus, state: MissionState, plan: Plan) -> Change[MissionState]:
    """The step to ``status``. Raises ``ForbiddenTransition`` where a calendar wants to go back."""
    if status is MissionStatus.SCHEDULED:
        return domain.schedule(state)
    if status is MissionStatus.CANCELLED:
        return domain.cancel(state, plan.note or NO_REASON)
    if state.status is not status:
        allowed = ", ".join(domain.STATES.allowed(state.status))
        raise ForbiddenTransition(field="status", value=state.status.value, action="propose", allowed=allowed)
    return Change(state)


def _fields(row: MissionRow) -> dict[str, object]:
    return {**dict(row.plan), "status": row.status}


def _status(cell: str) -> MissionStatus:
    found = STATUS.get(cell.casefold())
    return found or one_of(MissionStatus)(cell)


def _place(cell: str) -> Place:
    try:
        return resolve(text()(cell), field="location")
    except UnknownCountry as refusal:
        # The country is part of the same cell.
        raise UnknownCountry(
            field="location", value=refusal.value, candidates=refusal.candidates
        ) from refusal


def _zone(cell: str) -> str:
    return wall_clock.zone(cell, field="time_zone").key


def _person(item: str) -> Person:
    found = parts(item, ("function", "name"), needed=("function",))
    return Person(function=text()(found["function"]), name=optional(text(200))(found["name"]))


def _moment(cell: str, zone: str, field: str) -> datetime:
    return moment_of(text(40)(cell), zone, field=field, zone_field="time_zone")


def _of_column(refusal: DomainError, cells: Cells) -> Problem:
    """The same refusal, told with the column that the file has instead of the mission's field."""
    field = refusal.field.rpartition(".")[2]
    column = _COLUMN_OF.get(field, field)
    en, it = (refusal.text(language).replace(refusal.field, column) for language in ("en", "it"))
    return Problem(column, cells.get(column, ""), en, it)
