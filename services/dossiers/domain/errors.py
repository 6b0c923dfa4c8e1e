"""What dossiers refuses; each error carries the field and the value, and states the rule."""

from __future__ import annotations

from typing import ClassVar

from shared.domain import DomainError


class DeadlinePassed(DomainError):
    """The call has closed. ``value``: its closing time in ``time_zone``; ``submitted``: in UTC."""

    code = "deadline-passed"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "The call has closed", "it": "Il bando è chiuso"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value} ({time_zone}) was over at {submitted}: a candidacy is handed in before its "
        "deadline; if the issuer moved it, move it here first.",
        "it": "{field} {value} ({time_zone}): alle {submitted} era trascorsa; una candidatura si presenta "
        "entro la scadenza; se è stata prorogata, occorre prima spostarla qui.",
    }


class ReasonMissing(DomainError):
    """A withdrawal without its reason."""

    code = "reason-missing"
    title: ClassVar[dict[str, str]] = {"en": "Why?", "it": "Perché?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: a candidacy is withdrawn with a reason.",
        "it": "{field} {value!r}: una candidatura si ritira indicando il motivo.",
    }


class OutcomeMissing(DomainError):
    """A candidacy is registered as ended (``params['status']``) without what is known of its end."""

    code = "outcome-missing"
    title: ClassVar[dict[str, str]] = {"en": "How did it end?", "it": "Come è finita?"}
    rule: ClassVar[dict[str, str]] = {
        "en": "A candidacy with status {status!r} is registered with its {field}.",
        "it": "Una candidatura con stato {status!r} si registra con {field} (il suo esito).",
    }


class OutcomeUnexpected(DomainError):
    """An outcome for a candidacy that has not ended (``params['status']``)."""

    code = "outcome-unexpected"
    title: ClassVar[dict[str, str]] = {"en": "Not ended yet", "it": "Non ancora conclusa"}
    rule: ClassVar[dict[str, str]] = {
        "en": "A candidacy with status {status!r} has no {field} yet.",
        "it": "Una candidatura con stato {status!r} non ha ancora un {field} (esito).",
    }


class BadRounds(DomainError):
    """The rounds are not numbered 1, 2, 3 ... in order."""

    code = "bad-rounds"
    title: ClassVar[dict[str, str]] = {"en": "Rounds out of order", "it": "Turni non in ordine"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: rounds of voting are numbered 1, 2, 3 ... in order.",
        "it": "{field} {value!r}: i turni di voto si numerano 1, 2, 3 ... in ordine.",
    }


class HalfTranslated(DomainError):
    """A public text in one language only."""

    code = "half-translated"
    title: ClassVar[dict[str, str]] = {"en": "One language is missing", "it": "Manca una lingua"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} is empty while the same in the other language is {value!r}; both or neither.",
        "it": "{field} è vuoto mentre nell'altra lingua è {value!r}; entrambi o nessuno.",
    }
