"""The table ``memberships``: a row is a membership, with its mandates, duties and counts in a cell each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import ClassVar, Final, TypeVar

from services.networks import domain
from services.networks.domain import MembershipState
from shared.contracts.base import Person, Source, SourceKind, Unit
from shared.contracts.networks import DatedCount, Duty, Mandate, Membership, MembershipRole
from shared.domain import Change
from shared.imports import Cells, Column, ImportKind, changes
from shared.imports.values import (
    Parse,
    RowReader,
    Unreadable,
    day,
    flag,
    identifier,
    listed,
    one_of,
    optional,
    part,
    partial_date,
    parts,
    text,
    whole_number,
)
from shared.store import derived_id

T = TypeVar("T")

MANDATE: Final = (
    "key",
    "office",
    "office_it",
    "body",
    "body_it",
    "function",
    "name",
    "since",
    "until",
    "as_of",
    "source",
    "source_kind",
    "note",
    "note_it",
)
DUTY: Final = ("key", "what", "what_it", "due_on", "done_on", "sample")
COUNT: Final = ("what", "what_it", "value", "as_of", "source", "source_kind")

COLUMNS: Final = (
    Column("membership_key", True, "stable key of the row", "chiave stabile della riga"),
    Column("network", True, "name in English", "nome in inglese"),
    Column(
        "network_it",
        False,
        "name in Italian; empty: as in English",
        "nome in italiano; vuoto: come in inglese",
    ),
    Column("unit", True, "city, european or partnerships", "city, european o partnerships"),
    Column("role", True, "member, founder or host", "member, founder o host"),
    Column("since", False, "member since (partial date)", "membro dal (data anche parziale)"),
    Column("mandates", False, f"list of {' | '.join(MANDATE)}", f"elenco di {' | '.join(MANDATE)}"),
    Column("duties", False, f"list of {' | '.join(DUTY)}", f"elenco di {' | '.join(DUTY)}"),
    Column("counts", False, f"list of {' | '.join(COUNT)}", f"elenco di {' | '.join(COUNT)}"),
    Column("note", False, "note in English", "nota in inglese"),
    Column("note_it", False, "note in Italian", "nota in italiano"),
    Column("source", True, "title of the source", "titolo della fonte"),
    Column(
        "source_kind",
        True,
        "official, counterpart, secondary or office",
        "official, counterpart, secondary o office",
    ),
    Column("as_of", True, "when the source said so", "quando lo dice la fonte"),
    Column("sample", False, "invented, to show the program", "inventato, per mostrare il programma"),
)
PLAIN: Final = (
    "network",
    "network_it",
    "unit",
    "role",
    "since",
    "counts",
    "note",
    "note_it",
    "source",
    "as_of",
    "sample",
)


class MembershipImport(ImportKind[Membership, MembershipState]):
    """Rows of the table of memberships; ``today`` is the city's clock."""

    name: ClassVar[str] = "memberships"
    key_column: ClassVar[str] = "membership_key"
    columns: ClassVar[tuple[Column, ...]] = COLUMNS
    rank: ClassVar[int] = 30
    prefix: ClassVar[str] = "membership"

    def __init__(self, today: Callable[[], date]) -> None:
        self._today = today

    def parse(self, cells: Cells) -> Membership:
        """Read the row as the membership that it means."""
        row = RowReader(cells)
        key = row.read("membership_key", identifier)
        network = row.read("network", text())
        network_it = row.read("network_it", optional(text()))
        unit = row.read("unit", one_of(Unit))
        role = row.read("role", one_of(MembershipRole))
        since = row.read("since", optional(partial_date))
        mandates = row.read("mandates", _unique(listed(_mandate), lambda one: one.mandate_id))
        duties = row.read("duties", _unique(listed(_duty), lambda one: one.duty_id))
        counts = row.read("counts", listed(_count))
        note = row.read("note", optional(text(4000)))
        note_it = row.read("note_it", optional(text(4000)))
        title = row.read("source", text())
        kind = row.read("source_kind", one_of(SourceKind))
        as_of = row.read("as_of", partial_date)
        sample = row.read("sample", flag)
        row.check()
        return Membership(
            membership_id=derived_id(self.prefix, "import", key),
            network=network,
            network_it=network_it or network,
            unit=unit,
            role=role,
            since=since,
            mandates=mandates,
            duties=duties,
            counts=counts,
            note=note,
            note_it=note_it,
            source=Source(title=title, kind=kind),
            as_of=as_of,
            sample=sample,
        )

    def register(self, key: str, row: Membership) -> Change[MembershipState]:  # noqa: ARG002 - it is in the row
        """Enter the membership."""
        return domain.register(row, today=self._today())

    def correct(
        self, state: MembershipState, before: Membership, after: Membership
    ) -> Change[MembershipState]:
        """Compared mandate by mandate and duty by duty: what an officer did to one leaves the others free."""
        current = state.membership
        fields = dict.fromkeys([*_flat(before), *_flat(current), *_flat(after)])
        old, now, new = ({**fields, **_flat(one)} for one in (before, current, after))
        changed = changes(old, now, new)
        update = {field: value for field, value in changed.items() if field in PLAIN}
        for column in ("mandates", "duties"):
            items = {
                field: value for field, value in {**now, **changed}.items() if field.startswith(f"{column}.")
            }
            if any(field in items for field in changed):
                update[column] = tuple(value for value in items.values() if value is not None)
        return domain.follow_register(state, update, today=self._today())


def _flat(membership: Membership) -> dict[str, object]:
    """The membership by the names of its columns; each mandate and each duty is a field of its own."""
    return {
        **{field: getattr(membership, field) for field in PLAIN},
        **{f"mandates.{one.mandate_id}": one for one in membership.mandates},
        **{f"duties.{one.duty_id}": one for one in membership.duties},
    }


def _unique(parse: Parse[tuple[T, ...]], key: Callable[[T], str]) -> Parse[tuple[T, ...]]:
    """Refuse two items with one key."""

    def read(cell: str) -> tuple[T, ...]:
        items = parse(cell)
        keys = [key(item) for item in items]
        for number, one in enumerate(keys):
            if one in keys[:number]:
                raise Unreadable(one, "stands twice in this cell", "compare due volte in questa cella")
        return items

    return read


def _mandate(item: str) -> Mandate:
    found = parts(item, MANDATE, ("key", "office", "body", "function", "as_of", "source", "source_kind"))
    return Mandate(
        mandate_id=part(found, "key", identifier),
        office=part(found, "office", text()),
        office_it=part(found, "office_it", optional(text())) or found["office"],
        body=part(found, "body", text()),
        body_it=part(found, "body_it", optional(text())) or found["body"],
        holder=Person(
            function=part(found, "function", text()), name=part(found, "name", optional(text(200)))
        ),
        since=part(found, "since", optional(partial_date)),
        until=part(found, "until", optional(partial_date)),
        note=part(found, "note", optional(text(4000))),
        note_it=part(found, "note_it", optional(text(4000))),
        source=_source(found),
        as_of=part(found, "as_of", partial_date),
    )


def _duty(item: str) -> Duty:
    found = parts(item, DUTY, ("key", "what", "due_on"))
    return Duty(
        duty_id=part(found, "key", identifier),
        what=part(found, "what", text()),
        what_it=part(found, "what_it", optional(text())) or found["what"],
        due_on=part(found, "due_on", day),
        done_on=part(found, "done_on", optional(day)),
        sample=part(found, "sample", flag),
    )


def _count(item: str) -> DatedCount:
    found = parts(item, COUNT, ("what", "value", "source", "source_kind"))
    at_least = found["value"].endswith("+")
    return DatedCount(
        what=part(found, "what", text()),
        what_it=part(found, "what_it", optional(text())) or found["what"],
        value=part({"value": found["value"].removesuffix("+").strip()}, "value", whole_number(0, 10**12)),
        at_least=at_least,
        as_of=part(found, "as_of", optional(partial_date)),
        source=_source(found),
    )


def _source(found: Mapping[str, str]) -> Source:
    return Source(title=part(found, "source", text()), kind=part(found, "source_kind", one_of(SourceKind)))
