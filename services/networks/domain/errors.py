"""What networks refuses, with the offending value and the rule."""

from __future__ import annotations

from typing import ClassVar

from shared.domain import DomainError


class OfficeTaken(DomainError):
    """The office is held at that time. ``params``: ``office``, ``body``, ``holder``, ``period``."""

    code = "office-taken"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "The office is held", "it": "La carica è occupata"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: {office} ({body}) is held by {holder} ({period}). A mandate without an end "
        "counts as running: end it first, or mark both as an office that several may hold at once.",
        "it": "{field} {value!r}: la carica {office} ({body}) è di {holder} ({period}). Un mandato senza "
        "fine vale come in corso: occorre prima chiuderlo, oppure indicare per entrambi che la carica "
        "ammette più titolari.",
    }


class MandateAlreadyEnded(DomainError):
    """The mandate has another end already (``params['until']``)."""

    code = "mandate-already-ended"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Already ended", "it": "Già concluso"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: the mandate ended {until}; another end is a correction.",
        "it": "{field} {value!r}: il mandato si è concluso {until}; un'altra data è una correzione.",
    }


class DutyAlreadyDone(DomainError):
    """The duty was done on another day already (``params['done_on']``)."""

    code = "duty-already-done"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Already done", "it": "Già assolto"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value}: the duty was done on {done_on}; another day is a correction.",
        "it": "{field} {value}: l'adempimento risulta assolto il {done_on}; un'altra data è una correzione.",
    }


class IdTaken(DomainError):
    """The same id already stands for something else within the membership."""

    code = "id-taken"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Already used", "it": "Già usato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} already stands for something else in this membership.",
        "it": "{field} {value!r} indica già altro in questa adesione.",
    }


class OtherUnit(DomainError):
    """The caller's role covers other units only. ``params``: ``allowed`` (text)."""

    code = "other-unit"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Another unit's membership", "it": "Adesione di un'altra unità"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: this role writes only for {allowed}.",
        "it": "{field} {value!r}: questo ruolo scrive solo per {allowed}.",
    }
