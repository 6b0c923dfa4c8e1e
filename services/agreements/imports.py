"""Agreements from a table: one row is one agreement with what its sources say."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import ClassVar, Final

from services.agreements import domain
from services.agreements.domain import AgreementState, Correction
from shared.contracts.agreements import (
    Agreement,
    AgreementKind,
    AgreementStatus,
    Counterpart,
    KindClaim,
    StatusClaim,
)
from shared.contracts.base import Place, Source, SourcedDate, SourceKind
from shared.domain import Change, DomainError
from shared.domain.responsible import FIELD
from shared.imports import Cells, Column, ImportKind, Problem, RowProblems, changes
from shared.imports.values import (
    RowReader,
    Unreadable,
    flag,
    identifier,
    listed,
    one_of,
    optional,
    partial_date,
    text,
    whole_number,
)
from shared.places import resolve, resolve_country
from shared.store import derived_id

_SOURCED = re.compile(r"(?P<said>.*?)\s*\((?P<title>.*)\|(?P<kind>[^|]*)\)", re.DOTALL)
_COLUMN_OF: Final = {"status.as_of": "status_as_of", "other_statuses.as_of": "other_statuses"}


class AgreementImport(ImportKind[Agreement, AgreementState]):
    """The table of agreements. ``today`` tells the city's day: the register knows no future."""

    name = "agreements"
    key_column = "agreement_key"
    rank = 10
    prefix = "agreement"
    columns: ClassVar[tuple[Column, ...]] = (
        Column("agreement_key", True, "Stable key of the row", "Chiave stabile della riga"),
        Column("kind", True, "twinning, collaboration, partnership", "twinning, collaboration, partnership"),
        Column("title", True, "Title of the agreement", "Titolo dell'accordo"),
        Column("counterpart", True, "The other party, in English", "La controparte, in inglese"),
        Column("counterpart_it", False, "The other party, in Italian", "La controparte, in italiano"),
        Column("city", False, "City of the other party", "Città della controparte"),
        Column("country", False, "Its country; needed with a city", "Il suo paese; serve con la città"),
        Column("signed", False, "DATE (source | kind); ...", "DATA (fonte | tipo); ..."),
        Column("approved", False, "DATE (source | kind); ...", "DATA (fonte | tipo); ..."),
        Column("renewed", False, "DATE (source | kind); ...", "DATA (fonte | tipo); ..."),
        Column("term_months", False, "Term in months, 1 to 1200", "Durata in mesi, da 1 a 1200"),
        Column("permanent", False, "Without a term: yes or no", "Senza scadenza: sì o no"),
        Column(
            "status",
            True,
            "drafted, signed, in-force, suspended, ended",
            "drafted, signed, in-force, suspended, ended",
        ),
        Column("status_source", True, "Who says the status", "Chi dichiara lo stato"),
        Column(
            "status_source_kind",
            True,
            "official, counterpart, secondary, office",
            "official, counterpart, secondary, office",
        ),
        Column("status_as_of", True, "When that source said so", "Quando la fonte lo ha dichiarato"),
        Column("confirmed", False, "Confirmed since: yes or no", "Confermato in seguito: sì o no"),
        Column(
            "other_statuses",
            False,
            "STATUS DATE [confirmed] (source | kind); ...",
            "STATO DATA [confirmed] (fonte | tipo); ...",
        ),
        Column("kind_claims", False, "SAID (source | kind); ...", "DETTO (fonte | tipo); ..."),
        Column("note", False, "Note", "Nota"),
        Column("sample", False, "Invented example: yes or no", "Esempio inventato: sì o no"),
    )

    def __init__(self, today: Callable[[], date]) -> None:
        self._today = today

    def parse(self, cells: Cells) -> Agreement:
        """The row's agreement. Raises ``RowProblems``."""
        row = RowReader(cells)
        key = row.read("agreement_key", identifier)
        status = StatusClaim.model_construct(
            status=row.read("status", one_of(AgreementStatus)),
            source=Source.model_construct(
                title=row.read("status_source", text()),
                kind=row.read("status_source_kind", one_of(SourceKind)),
            ),
            as_of=row.read("status_as_of", partial_date),
            confirmed=row.read("confirmed", flag),
        )
        values = {
            "status": status,
            "kind": row.read("kind", one_of(AgreementKind)),
            "title": row.read("title", text()),
            "counterpart": _counterpart(row, cells),
            "signed": row.read("signed", listed(_sourced_date)),
            "approved": row.read("approved", listed(_sourced_date)),
            "renewed": row.read("renewed", listed(_sourced_date)),
            "term_months": row.read("term_months", optional(whole_number(1, 1200))),
            "permanent": row.read("permanent", flag),
            "other_statuses": row.read("other_statuses", listed(_status)),
            "kind_claims": row.read("kind_claims", listed(_kind_claim)),
            "note": row.read("note", optional(text(4000))),
            "sample": row.read("sample", flag),
        }
        row.check()
        agreement = Agreement.model_validate(
            {**values, "agreement_id": derived_id(self.prefix, "import", key)}
        )
        try:
            domain.check(agreement, self._today())
        except DomainError as refusal:
            raise RowProblems([_of_column(refusal, cells)]) from refusal
        return agreement

    def register(self, key: str, row: Agreement) -> Change[AgreementState]:  # noqa: ARG002 - it is in the row
        """The agreement enters the register; one that is not signed yet as a draft."""
        if row.status.status is AgreementStatus.DRAFTED:
            return domain.draft(row, today=self._today())
        return domain.register(row, today=self._today())

    def correct(self, state: AgreementState, before: Agreement, after: Agreement) -> Change[AgreementState]:
        """One correction of the cells that changed. Raises ``ImportConflict``."""
        changed = changes(_fields(before), _fields(state.agreement), _fields(after))
        return domain.correct(state, Correction.model_validate(changed), today=self._today())


def _fields(agreement: Agreement) -> dict[str, object]:
    return {name: getattr(agreement, name) for name in Correction.model_fields if name != FIELD}


def _counterpart(row: RowReader, cells: Cells) -> Counterpart:
    name = row.read("counterpart", text())
    name_it = row.read("counterpart_it", optional(text())) or name
    place: Place | None = None
    if cells["city"] and not cells["country"]:
        row.refuse("country", "is required with a city", "è obbligatorio con una città")
    elif cells["city"]:
        code = row.read("country", lambda cell: resolve_country(cell, field="country"))
        place = row.read("city", lambda cell: resolve(cell, code, field="city")) if code else None
    elif cells["country"]:
        row.refuse("country", "needs its city", "richiede la città")
    return Counterpart.model_construct(name=name, name_it=name_it, place=place)


def _source(item: str) -> tuple[str, Source]:
    """What stands before the brackets, and the source in them."""
    found = _SOURCED.fullmatch(item)
    if found is None:
        raise Unreadable(
            item,
            "lacks its source: (title | kind) at the end",
            "manca della fonte: (titolo | tipo) alla fine",
        )
    title, kind = found["title"].strip(), found["kind"].strip()
    return found["said"], Source(title=text()(title), kind=one_of(SourceKind)(kind))


def _sourced_date(item: str) -> SourcedDate:
    said, source = _source(item)
    return SourcedDate(date=partial_date(said), source=source)


def _status(item: str) -> StatusClaim:
    said, source = _source(item)
    words = said.split()
    confirmed = words[2:] == ["confirmed"]
    if len(words) != (3 if confirmed else 2):
        raise Unreadable(
            item,
            "is not STATUS DATE (title | kind), with 'confirmed' after the date where it is",
            "non è STATO DATA (titolo | tipo), con 'confirmed' dopo la data se confermato",
        )
    return StatusClaim(
        status=one_of(AgreementStatus)(words[0]),
        source=source,
        as_of=partial_date(words[1]),
        confirmed=confirmed,
    )


def _kind_claim(item: str) -> KindClaim:
    said, source = _source(item)
    return KindClaim(said=text()(said), source=source)


def _of_column(refusal: DomainError, cells: Cells) -> Problem:
    """The same refusal, told with the column that the table has instead of the register's field."""
    column = _COLUMN_OF.get(refusal.field, refusal.field)
    en, it = (refusal.text(language).replace(refusal.field, column) for language in ("en", "it"))
    return Problem(column, cells.get(column, ""), en, it)
