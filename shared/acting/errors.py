"""Why somebody may not act for another. Each is a class of its own, so that metrics can tell them apart."""

from __future__ import annotations

from typing import ClassVar, Final

from shared.domain.errors import Refusal

HEADER: Final = "X-On-Behalf-Of"
"""Names the person acted for, by the provider's opaque id."""


class MayNotAct(Refusal):
    """The caller is known, and may not act for this person (``value``) now."""

    code = "may-not-act"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Not on behalf", "it": "Non per conto di altri"}


class NotLent(MayNotAct):
    """That person has never lent the caller anything, or does not exist."""

    code = "not-lent"
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: {value!r} has granted no substitution to the caller.",
        "it": "{field}: {value!r} non ha delegato chi chiama.",
    }


class NotLentYet(MayNotAct):
    """The substitution begins later. ``params``: ``day``."""

    code = "not-lent-yet"
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: the substitution of {value!r} begins on {day}.",
        "it": "{field}: la sostituzione di {value!r} comincia il {day}.",
    }


class NoLongerLent(MayNotAct):
    """The last day is over. ``params``: ``day``."""

    code = "no-longer-lent"
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: the substitution of {value!r} was over with {day}.",
        "it": "{field}: la sostituzione di {value!r} è finita con il {day}.",
    }


class LendingEnded(MayNotAct):
    """It was ended before its last day. ``params``: ``at``."""

    code = "lending-ended"
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: the substitution of {value!r} was ended on {at}.",
        "it": "{field}: la sostituzione di {value!r} è stata revocata il {at}.",
    }


class ProgramActing(MayNotAct):
    """Programs act for themselves."""

    code = "program-acting"
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: a program acts for nobody; its token says what it may do.",
        "it": "{field}: un programma non agisce per conto di altri; il suo token dice che cosa può fare.",
    }


class NoRoleActing(MayNotAct):
    """Who has no role of their own acts for nobody: perhaps they have left."""

    code = "no-role-acting"
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: who acts for another needs a role of their own.",
        "it": "{field}: chi agisce per conto di altri deve avere un proprio ruolo.",
    }


class ActingUnknown(Refusal):
    """This service does not hear from the agenda now: what it knows may have been ended since."""

    code = "acting-unknown"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Not available now", "it": "Non disponibile ora"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field}: whether the substitution still holds cannot be told now ({why}); send it again "
        "later, or act for yourself.",
        "it": "{field}: ora non si può stabilire se la sostituzione valga ancora ({why}); rinviare più "
        "tardi, oppure agire in proprio.",
    }
