"""What agreements refuses; each error carries the field and the value, and states the rule."""

from __future__ import annotations

from typing import ClassVar

from shared.domain import DomainError


class SignatureMissing(DomainError):
    """A status (``value``) that only a signed agreement can have, without any date of a signature."""

    code = "signature-missing"
    title: ClassVar[dict[str, str]] = {"en": "When was it signed?", "it": "Quando è stato firmato?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "An agreement with status {status!r} has at least one date in {field}.",
        "it": "Un accordo con stato {status!r} ha almeno una data in {field}.",
    }


class SignatureUnexpected(DomainError):
    """A draft with dates of a signature or a renewal."""

    code = "signature-unexpected"
    title: ClassVar[dict[str, str]] = {"en": "Not signed yet", "it": "Non ancora firmato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "An agreement with status {status!r} has no date in {field} yet ({value}).",
        "it": "Un accordo con stato {status!r} non ha ancora date in {field} ({value}).",
    }


class SigningMismatch(DomainError):
    """The status says that a signing is on the agenda and there is none, or the other way round."""

    code = "signing-mismatch"
    title: ClassVar[dict[str, str]] = {
        "en": "Signing and status differ",
        "it": "Firma e stato non concordano",
    }
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: a scheduled signing comes from its mission; register the agreement as "
        "drafted.",
        "it": "{field} {value!r}: una firma in programma nasce dalla sua missione; registrare l'accordo "
        "come bozza.",
    }


class ReasonMissing(DomainError):
    """A suspension or an end without its reason. ``params``: ``action``."""

    code = "reason-missing"
    title: ClassVar[dict[str, str]] = {"en": "Why?", "it": "Perché?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: {action!r} needs a reason.",
        "it": "{field} {value!r}: {action!r} richiede un motivo.",
    }


class TermContradiction(DomainError):
    """A permanent agreement with a term, or one whose renewal makes no sense."""

    code = "term-contradiction"
    title: ClassVar[dict[str, str]] = {"en": "Permanent or not?", "it": "Permanente o no?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: a permanent agreement has no term and is not renewed.",
        "it": "{field} {value!r}: un accordo permanente non ha durata e non si rinnova.",
    }


class BeforeSignature(DomainError):
    """A date (``value``) of something that follows the signature, before it. ``params``: ``signed``."""

    code = "before-signature"
    title: ClassVar[dict[str, str]] = {"en": "Before the signature", "it": "Prima della firma"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value} is before every date of the signature ({signed}).",
        "it": "{field} {value} è prima di ogni data della firma ({signed}).",
    }


class OlderThanKnown(DomainError):
    """A confirmation (``value``) older than what is known already. ``params``: ``known``."""

    code = "older-than-known"
    title: ClassVar[dict[str, str]] = {"en": "Older than what is known", "it": "Meno recente del dato noto"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value} is before the date of the status in the register ({known}).",
        "it": "{field} {value} è prima della data dello stato nel registro ({known}).",
    }


class SaidTwice(DomainError):
    """The same source gives the same thing twice in one list."""

    code = "said-twice"
    title: ClassVar[dict[str, str]] = {"en": "Said twice", "it": "Indicato due volte"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is there twice from the same source.",
        "it": "{field} {value!r} è presente due volte dalla stessa fonte.",
    }


class SigningElsewhere(DomainError):
    """The signing is scheduled with another mission (``value``). ``params``: ``mission``, who asked."""

    code = "signing-elsewhere"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "en": "To be signed on another mission",
        "it": "Firma prevista in un'altra missione",
    }
    rule: ClassVar[dict[str, str]] = {
        "en": "The signing is scheduled with {field} {value!r}, not with {mission!r}.",
        "it": "La firma è in programma con {field} {value!r}, non con {mission!r}.",
    }


class SigningInThePast(DomainError):
    """A signing is scheduled for a time that is over. ``value`` is that time, ``now`` when it was asked."""

    code = "signing-in-the-past"
    title: ClassVar[dict[str, str]] = {"en": "Already over", "it": "Già passato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value} is over (now it is {now}); record the signature instead.",
        "it": "{field} {value} è già passato (ora sono le {now}); registrare invece la firma.",
    }
