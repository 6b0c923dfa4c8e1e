"""Refusals: each names the field, the value and the rule, in Italian and English."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """A request that cannot be carried out, with what a person needs to put it right.

    ``code`` is stable and machine-readable, ``status`` the HTTP status that it stands for. ``title`` and
    ``rule`` are texts by language; ``{name}`` in them is filled from ``params``, ``field`` and ``value``.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    suspect: ClassVar[bool] = False
    """Whether no honest caller gets it, so that it is recorded like a refusal of rights."""
    title: ClassVar[dict[str, str]] = {"en": "Refused", "it": "Rifiutato"}
    rule: ClassVar[dict[str, str]] = {"en": "{field}: {value}", "it": "{field}: {value}"}

    def __init__(self, *, field: str, value: object, **params: object) -> None:
        self.field = field
        self.value = value
        self.params = params
        super().__init__(self.text("en"))

    def text(self, language: str) -> str:
        """The rule as a sentence in ``language`` (``it`` or ``en``; another falls back to English)."""
        template = self.rule.get(language, self.rule["en"])
        return template.format(field=self.field, value=self.value, **self.params)


class DomainError(Refusal):
    """A rule of a unit says no."""


class NotFound(DomainError):
    """``what`` (a phrase by language is not needed: use the field) with the id ``value`` does not exist."""

    code = "not-found"
    status = 404
    title: ClassVar[dict[str, str]] = {"en": "Not found", "it": "Non trovato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "There is nothing with {field} {value!r}.",
        "it": "Non esiste nulla con {field} {value!r}.",
    }


class ForbiddenTransition(DomainError):
    """The state table has no such step. ``params``: ``action``, ``allowed`` (text)."""

    code = "forbidden-transition"
    status = 409
    title: ClassVar[dict[str, str]] = {
        "en": "Not possible in this state",
        "it": "Non possibile in questo stato",
    }
    rule: ClassVar[dict[str, str]] = {
        "en": "{action!r} is not possible while {field} is {value!r}; possible: {allowed}.",
        "it": "{action!r} non è possibile quando {field} è {value!r}; possibili: {allowed}.",
    }


class ImpossibleValue(DomainError):
    """A value that breaks a rule stated in ``en`` and ``it``."""

    code = "impossible-value"
    title: ClassVar[dict[str, str]] = {"en": "Impossible value", "it": "Valore impossibile"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r}: {en}",
        "it": "{field} {value!r}: {it}",
    }

    def __init__(self, *, field: str, value: object, en: str, it: str) -> None:
        super().__init__(field=field, value=value, en=en, it=it)
