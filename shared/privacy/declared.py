"""What is said about personal data before any of it is kept: why, on what basis, of whom, for how long.

The register of processing activities (Regulation (EU) 2016/679, article 30) is made of these declarations,
and tests hold that no field and no collection is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel


class Words(NamedTuple):
    """The same said in English and in Italian."""

    en: str
    it: str

    def told(self, language: str) -> str:
        """In ``language``; English for one that is not known."""
        return self.it if language == "it" else self.en


class Datum(StrEnum):
    """A kind of personal data, by the word with which a field's marker names it."""

    NAME = "name"
    PERSON_ID = "person-id"
    USER_ID = "user-id"
    ADDRESS = "address"
    SESSION = "session"
    TEXT = "text"
    CELLS = "cells"
    MESSAGE = "message"


DATA: dict[Datum, Words] = {
    Datum.NAME: Words("name of somebody in a public function", "nome di chi svolge una funzione pubblica"),
    Datum.PERSON_ID: Words(
        "opaque id that tells people of the same name apart",
        "identificativo opaco che distingue gli omonimi",
    ),
    Datum.USER_ID: Words(
        "opaque id of who works with Ponte, as the single sign-on gives it",
        "identificativo opaco di chi usa Ponte, attribuito dal sistema di accesso unico",
    ),
    Datum.ADDRESS: Words("network address", "indirizzo di rete"),
    Datum.SESSION: Words(
        "session: display name, roles, last request, the provider's tokens (sealed)",
        "sessione: nome visualizzato, ruoli, ultima richiesta, token del fornitore (sigillati)",
    ),
    Datum.TEXT: Words(
        "free text in which somebody may be named", "testo libero in cui può essere nominata una persona"
    ),
    Datum.CELLS: Words(
        "cells of an imported table or calendar, as they came",
        "celle di una tabella o di un calendario importati, come ricevute",
    ),
    Datum.MESSAGE: Words(
        "message between services, whole, with whatever stands in it",
        "messaggio fra servizi, integrale, con quanto contiene",
    ),
}


@dataclass(frozen=True, slots=True)
class Basis:
    """A rule that the processing rests on: the act with its article, and what it says in a few words."""

    source: str
    says: Words


@dataclass(frozen=True, slots=True)
class Kept:
    """How long: ``months`` of the calendar from the day that ``counts_from`` tells; null: see ``why``.

    ``setting`` is the variable by which a city sets other months.
    """

    counts_from: Words
    months: int | None = None
    setting: str | None = None
    why: Words | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity of the register.

    ``people`` are the categories of persons; ``recipients`` who gets to see it outside the unit.
    """

    key: str
    name: Words
    purpose: Words
    bases: tuple[Basis, ...]
    people: Words
    recipients: Words
    kept: Kept


@dataclass(frozen=True, slots=True)
class Held:
    """Personal values of a collection. ``path`` is where in its documents, ``*`` every element of a list."""

    path: str
    datum: Datum
    activity: Activity
    purpose: str | None = None
    """What the field is for in particular, where its marker says so."""


@dataclass(frozen=True, slots=True)
class Records:
    """One kind of record that a unit keeps: its private state, and the events that tell of it."""

    collection: str
    activity: Activity
    state: type[BaseModel]
    events: tuple[type[BaseModel], ...] = ()


@dataclass(frozen=True, slots=True)
class Declarations:
    """All that one service keeps of people: by its records' models, and by collections of another shape."""

    service: str
    records: tuple[Records, ...] = ()
    stored: dict[str, tuple[Held, ...]] = field(default_factory=dict)
