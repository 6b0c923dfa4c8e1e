"""Which fields of a model hold personal data, read from their markers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from pydantic import BaseModel

from shared.contracts.base import MayName, Personal
from shared.privacy.declared import Activity, Datum, Held
from shared.privacy.walk import TextField, text_fields

IMPERSONAL: Final = {
    "Place.city": "a city of the gazetteer",
    "Place.city_it": "the same in Italian",
    "Place.time_zone": "an IANA name",
    "Deadline.time_zone": "an IANA name",
    "Scrubbed.path": "where in an event something was erased",
    "MissionCorrected.fields": "names of fields",
    "AgreementCorrected.fields": "names of fields",
    "MembershipCorrected.fields": "names of fields",
    "CandidacyCorrected.fields": "names of fields",
}
"""Texts that no pattern limits and in which nobody is named, with what they hold."""

USER_IDS: Final = frozenset({"principal", "substitute", "parties", "responsible"})
"""Names of fields that hold the opaque id of somebody who works with Ponte, in whatever model."""


def held_in(model: type[BaseModel], activity: Activity, within: str = "") -> Iterator[Held]:
    """The declared fields of ``model``; ``within`` is where in a document it lies, such as ``state.``."""
    for text in text_fields(model):
        declared = _declared(text)
        if declared is not None:
            datum, purpose = declared
            yield Held(f"{within}{text.path}", datum, activity, purpose)


def undeclared(models: Iterable[type[BaseModel]]) -> list[str]:
    """Free texts of ``models`` that neither declare anything nor are known to name nobody."""
    return sorted(
        {
            f"{model.__name__}: {text.path} ({text.owner})"
            for model in models
            for text in text_fields(model)
            if text.free and _declared(text) is None and text.owner not in IMPERSONAL
        }
    )


def _declared(text: TextField) -> tuple[Datum, str | None] | None:
    for mark in text.marks:
        if isinstance(mark, Personal):
            return Datum(mark.datum), mark.purpose
        if isinstance(mark, MayName):
            return (Datum.CELLS if text.owner.endswith(".imported") else Datum.TEXT), None
    return (Datum.USER_ID, None) if text.owner.rpartition(".")[2] in USER_IDS else None
