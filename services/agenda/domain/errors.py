"""What the agenda refuses; each error carries the field and the value, and states the rule."""

from __future__ import annotations

from typing import ClassVar

from shared.domain import DomainError


class BadLegs(DomainError):
    """The legs of a mission cannot be travelled as written; ``en`` and ``it`` say why."""

    code = "bad-legs"
    title: ClassVar[dict[str, str]] = {"en": "Impossible legs", "it": "Tappe impossibili"}
    rule: ClassVar[dict[str, str]] = {"en": "{field} {value}: {en}", "it": "{field} {value}: {it}"}


class AgreementMissing(DomainError):
    """A mission that travels to sign names no agreement."""

    code = "agreement-missing"
    title: ClassVar[dict[str, str]] = {"en": "Which agreement?", "it": "Quale accordo?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "A mission whose purpose is {purpose!r} names the agreement that is to be signed in {field}.",
        "it": "Una missione con scopo {purpose!r} indica in {field} l'accordo da firmare.",
    }


class AgreementUnexpected(DomainError):
    """A mission with another purpose names an agreement to sign."""

    code = "agreement-unexpected"
    title: ClassVar[dict[str, str]] = {"en": "Nothing to sign", "it": "Nulla da firmare"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is only for missions whose purpose is 'sign-agreement', not {purpose!r}.",
        "it": "{field} {value!r} vale solo per missioni con scopo 'sign-agreement', non {purpose!r}.",
    }


class Reserved(DomainError):
    """The mission (``value``) is reserved, and the caller may not know of it."""

    code = "reserved-mission"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Reserved", "it": "Riservata"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is reserved: who may not see the whole of it does not write it.",
        "it": "{field} {value!r} è riservata: chi non può vederla per intero non la modifica.",
    }


class ReasonMissing(DomainError):
    """A cancellation or a substitution without its reason."""

    code = "reason-missing"
    title: ClassVar[dict[str, str]] = {"en": "Why?", "it": "Perché?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: say why.",
        "it": "{field} {value!r}: va indicato il motivo.",
    }


class SameLegs(DomainError):
    """A rescheduling that moves nothing. ``value`` is the mission's present start."""

    code = "same-legs"
    title: ClassVar[dict[str, str]] = {"en": "Nothing is moved", "it": "Nulla viene spostato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: rescheduling needs other times or places than the present ones (from {value}).",
        "it": "{field}: per spostare servono orari o luoghi diversi dagli attuali (dal {value}).",
    }


class NotOverYet(DomainError):
    """A mission is completed before its end. ``value`` is the end, ``now`` the time of asking (UTC)."""

    code = "not-over-yet"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Not over yet", "it": "Non ancora conclusa"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The mission can be completed only after its end: {field} is {value}, now it is {now}.",
        "it": "La missione si chiude solo dopo la fine: {field} è {value}, ora sono le {now}.",
    }


class SignedOnThisMission(DomainError):
    """The agreement (``value``) was signed on this mission, so the mission stays what it was."""

    code = "signed-on-this-mission"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Already signed", "it": "Già firmato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} was signed on this mission: {action!r} is no longer possible.",
        "it": "{field} {value!r} è stato firmato in questa missione: {action!r} non è più possibile.",
    }


class OtherAgreement(DomainError):
    """A signature of an agreement (``value``) that the mission did not travel for."""

    code = "other-agreement"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Another agreement", "it": "Un altro accordo"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is not the agreement that this mission is to sign ({expected}).",
        "it": "{field} {value!r} non è l'accordo che questa missione deve firmare ({expected}).",
    }


class OwnSubstitute(DomainError):
    """Somebody lends their roles to themselves."""

    code = "own-substitute"
    title: ClassVar[dict[str, str]] = {"en": "The same person", "it": "La stessa persona"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is who lends: nobody stands in for themselves.",
        "it": "{field} {value!r} è chi delega: nessuno sostituisce sé stesso.",
    }


class NotLendable(DomainError):
    """A role that who lends does not have, that no person has, or none at all. ``params``: ``have``."""

    code = "not-lendable"
    title: ClassVar[dict[str, str]] = {"en": "Not yours to lend", "it": "Non delegabile"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: at least one role is lent, and only roles that who lends has ({have}).",
        "it": "{field} {value!r}: si delega almeno un ruolo, e solo ruoli che ha chi delega ({have}).",
    }


class NotYours(DomainError):
    """Somebody ends a substitution (``value``) that another person has granted."""

    code = "not-your-substitution"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Not yours", "it": "Non propria"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} was granted by somebody else: who granted it ends it, or the Director.",
        "it": "{field} {value!r} è di un'altra persona: la revoca chi l'ha concessa, o la Direzione.",
    }


class LentOn(DomainError):
    """Somebody who acts for another wants to lend, or to end, in that person's name."""

    code = "lent-on"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "In person only", "it": "Solo di persona"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: a substitution is granted and ended in person, never on behalf.",
        "it": "{field} {value!r}: una sostituzione si concede e si revoca solo di persona.",
    }
