"""The table ``candidacies``: a row is a candidacy, with the rounds of its outcome in one cell."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import ClassVar, Final

from services.dossiers import domain
from services.dossiers.domain import CandidacyState
from shared.contracts.base import Source, SourceKind
from shared.contracts.dossiers import Candidacy, CandidacyKind, CandidacyStatus, Deadline, Outcome, Round
from shared.domain import Change
from shared.imports import Cells, Column, ImportKind, changes
from shared.imports.values import (
    RowReader,
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

ROUND: Final = ("number", "result", "result_it")

COLUMNS: Final = (
    Column("candidacy_key", True, "stable key of the row", "chiave stabile della riga"),
    Column("kind", True, "seat, event or prize", "seat, event o prize"),
    Column("what_for", True, "what for, in English", "per che cosa, in inglese"),
    Column("what_for_it", False, "in Italian; empty: as in English", "in italiano; vuoto: come in inglese"),
    Column("applicant", True, "who applies formally, in English", "chi si candida formalmente, in inglese"),
    Column("applicant_it", False, "in Italian; empty: as in English", "in italiano; vuoto: come in inglese"),
    Column("issuer", False, "who decides", "chi decide"),
    Column(
        "edition_year", False, "year of the edition, not of the award", "anno dell'edizione, non del premio"
    ),
    Column(
        "deadline",
        False,
        "the issuer's clock: YYYY-MM-DDTHH:MM",
        "orologio di chi bandisce: AAAA-MM-GGTHH:MM",
    ),
    Column(
        "deadline_zone", False, "its IANA time zone (with a deadline)", "il suo fuso IANA (con una scadenza)"
    ),
    Column("status", True, "where it stands", "a che punto è"),
    Column(
        "decided_on", False, "when it was decided (partial date)", "quando si è deciso (data anche parziale)"
    ),
    Column("method", False, "how it was decided, in English", "come si è deciso, in inglese"),
    Column("method_it", False, "in Italian; empty: as in English", "in italiano; vuoto: come in inglese"),
    Column("rounds", False, f"list of {' | '.join(ROUND)}", f"elenco di {' | '.join(ROUND)}"),
    Column("outcome_note", False, "note on the outcome, in English", "nota sull'esito, in inglese"),
    Column("outcome_note_it", False, "note on the outcome, in Italian", "nota sull'esito, in italiano"),
    Column("note", False, "note", "nota"),
    Column("source", True, "title of the source", "titolo della fonte"),
    Column("source_kind", True, "kind of source", "tipo di fonte"),
    Column("as_of", True, "when the source said so", "quando lo dice la fonte"),
    Column("sample", False, "invented, to show the program", "inventato, per mostrare il programma"),
)
_COMPARED: Final = tuple(name for name in Candidacy.model_fields if name != "candidacy_id")


class CandidacyImport(ImportKind[Candidacy, CandidacyState]):
    """Rows of the table of candidacies; ``today`` is the city's clock."""

    name: ClassVar[str] = "candidacies"
    key_column: ClassVar[str] = "candidacy_key"
    columns: ClassVar[tuple[Column, ...]] = COLUMNS
    rank: ClassVar[int] = 40
    prefix: ClassVar[str] = "candidacy"

    def __init__(self, today: Callable[[], date]) -> None:
        self._today = today

    def parse(self, cells: Cells) -> Candidacy:
        """Read the row as the candidacy that it means."""
        row = RowReader(cells)
        key = row.read("candidacy_key", identifier)
        kind = row.read("kind", one_of(CandidacyKind))
        what_for = row.read("what_for", text())
        what_for_it = row.read("what_for_it", optional(text()))
        applicant = row.read("applicant", text())
        applicant_it = row.read("applicant_it", optional(text()))
        issuer = row.read("issuer", optional(text()))
        edition_year = row.read("edition_year", optional(whole_number(1800, 2200)))
        closes = row.read("deadline", lambda cell: _deadline(cell, cells["deadline_zone"]))
        if cells["deadline_zone"] and not cells["deadline"]:
            row.refuse("deadline_zone", "stands without a deadline", "è senza una scadenza")
        status = row.read("status", one_of(CandidacyStatus))
        outcome = {
            "decided_on": row.read("decided_on", optional(partial_date)),
            "method": row.read("method", optional(text())),
            "method_it": row.read("method_it", optional(text())) or cells["method"] or None,
            "rounds": row.read("rounds", listed(_round)),
            "note": row.read("outcome_note", optional(text(4000))),
            "note_it": row.read("outcome_note_it", optional(text(4000))),
        }
        note = row.read("note", optional(text(4000)))
        title = row.read("source", text())
        source_kind = row.read("source_kind", one_of(SourceKind))
        as_of = row.read("as_of", partial_date)
        sample = row.read("sample", flag)
        row.check()
        # What has been decided has an outcome, even if nothing more is known of it.
        has_outcome = status in domain.DECIDED or any(outcome.values())
        return Candidacy(
            candidacy_id=derived_id(self.prefix, "import", key),
            kind=kind,
            what_for=what_for,
            what_for_it=what_for_it or what_for,
            applicant=applicant,
            applicant_it=applicant_it or applicant,
            issuer=issuer,
            edition_year=edition_year,
            deadline=closes,
            status=status,
            outcome=Outcome.model_validate(outcome) if has_outcome else None,
            note=note,
            source=Source(title=title, kind=source_kind),
            as_of=as_of,
            sample=sample,
        )

    def register(self, key: str, row: Candidacy) -> Change[CandidacyState]:  # noqa: ARG002 - it is in the row
        """Enter the candidacy as it stands."""
        return domain.register(row, today=self._today())

    def correct(self, state: CandidacyState, before: Candidacy, after: Candidacy) -> Change[CandidacyState]:
        """Change what the table changes, if an officer has not changed it since."""
        old, now, new = (
            {name: getattr(one, name) for name in _COMPARED} for one in (before, state.candidacy, after)
        )
        return domain.follow_register(state, changes(old, now, new), today=self._today())


def _deadline(cell: str, zone: str) -> Deadline | None:
    """Spreadsheets write a blank for the T, and seconds."""
    if not cell:
        return None
    local = re.sub(r":00$", "", cell) if cell.count(":") == 2 else cell
    return domain.deadline(local.replace(" ", "T"), zone, field="deadline", zone_field="deadline_zone")


def _round(item: str) -> Round:
    found = parts(item, ROUND, ("number", "result"))
    return Round(
        number=part(found, "number", whole_number(1, 1000)),
        result=part(found, "result", text()),
        result_it=part(found, "result_it", optional(text())) or found["result"],
    )
