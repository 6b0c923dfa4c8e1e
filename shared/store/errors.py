"""What the store refuses."""

from __future__ import annotations

from typing import ClassVar

from shared.domain.errors import Refusal


class StaleVersion(Refusal):
    """The caller saw another version (``value``) than the stored one (``params['current']``).

    ``difference`` names the fields that differ between the two, where the journal can tell.
    """

    code = "stale-version"
    status = 412
    title: ClassVar[dict[str, str]] = {"en": "Changed in the meantime", "it": "Modificato nel frattempo"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value} is no longer current; the current version is {current}.",
        "it": "{field} {value} non è più attuale; la versione attuale è {current}.",
    }


class KeyReused(Refusal):
    """The same idempotency key came with another body."""

    code = "idempotency-key-reused"
    status = 422
    title: ClassVar[dict[str, str]] = {"en": "Key already used", "it": "Chiave già usata"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} was used for another request; use a new key for a new request.",
        "it": "{field} {value!r} è già servita per un'altra richiesta; serve una chiave nuova.",
    }


class AlreadyExists(Refusal):
    code = "already-exists"
    status = 409
    title: ClassVar[dict[str, str]] = {"en": "Already exists", "it": "Esiste già"}
    rule: ClassVar[dict[str, str]] = {
        "en": "There is already something with {field} {value!r}.",
        "it": "Esiste già qualcosa con {field} {value!r}.",
    }


class Contended(Refusal):
    """Too many writers at once; nothing was stored, the same request may be sent again."""

    code = "contended"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Too busy", "it": "Troppo occupato"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} {value!r} is being changed by others; send the same request again.",
        "it": "{field} {value!r} è in corso di modifica; rinviare la stessa richiesta.",
    }


class Full(Refusal):
    """A limit of the aggregate is reached (outbox or kept keys); nothing was stored."""

    code = "full"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Too much waiting", "it": "Troppo in attesa"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} of {value!r} has reached its limit of {limit}; send the same request later.",
        "it": "{field} di {value!r} ha raggiunto il limite di {limit}; rinviare più tardi la richiesta.",
    }


class TooLarge(Refusal):
    """One event is larger than a message may be; nothing was stored."""

    code = "too-large"
    status = 413
    title: ClassVar[dict[str, str]] = {"en": "Too large", "it": "Troppo grande"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} would have {value} bytes; the limit is {limit}.",
        "it": "{field} avrebbe {value} byte; il limite è {limit}.",
    }


class Unavailable(Refusal):
    """An engine is away. Whether the write was stored is not known: the same key tells when sent again."""

    code = "unavailable"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Not available now", "it": "Non disponibile ora"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{field} does not answer; send the same request with the same key again.",
        "it": "{field} non risponde; rinviare la stessa richiesta con la stessa chiave.",
    }
