"""What the HTTP side itself refuses, before a service is reached."""

from __future__ import annotations

from typing import ClassVar

from shared.domain.errors import Refusal


class BadHeader(Refusal):
    """A header's value breaks the rule stated in ``en`` and ``it``."""

    code = "bad-header"
    status = 400
    title: ClassVar[dict[str, str]] = {"en": "Impossible header", "it": "Intestazione impossibile"}
    rule: ClassVar[dict[str, str]] = {"en": "{field} {value!r}: {en}.", "it": "{field} {value!r}: {it}."}

    def __init__(self, *, field: str, value: object, en: str, it: str) -> None:
        super().__init__(field=field, value=value, en=en, it=it)


class BodyTooLarge(Refusal):
    """The body has more bytes than the limit. ``params``: ``limit``."""

    code = "body-too-large"
    status = 413
    suspect = True
    title: ClassVar[dict[str, str]] = {"en": "Body too large", "it": "Corpo troppo grande"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The body has at least {value} bytes; the limit is {limit}.",
        "it": "Il corpo ha almeno {value} byte; il limite è {limit}.",
    }


class TooManyRequests(Refusal):
    """The client has used up its requests of this minute. ``params``: ``limit``, ``seconds`` to wait."""

    code = "too-many-requests"
    status = 429
    title: ClassVar[dict[str, str]] = {"en": "Too many requests", "it": "Troppe richieste"}
    rule: ClassVar[dict[str, str]] = {
        "en": "A client may send {limit} requests a minute; send the request again in {seconds} s.",
        "it": "Un client può inviare {limit} richieste al minuto; rinviare la richiesta tra {seconds} s.",
    }


class NotReady(Refusal):
    """The service cannot take requests now. It says no more to strangers."""

    code = "not-ready"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Not ready", "it": "Non pronto"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The service is not ready to take requests.",
        "it": "Il servizio non è pronto a ricevere richieste.",
    }


class NotReadyBecause(NotReady):
    """The same for an operator: ``value`` says why."""

    rule: ClassVar[dict[str, str]] = {
        "en": "The service is not ready: {value}.",
        "it": "Il servizio non è pronto: {value}.",
    }
