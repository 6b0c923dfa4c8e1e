"""What identity refuses. No error carries a token."""

from __future__ import annotations

from typing import ClassVar

from shared.domain.errors import Refusal


class Unauthenticated(Refusal):
    """Nobody knows who is calling: no credential, or one that does not hold."""

    code = "unauthenticated"
    status = 401
    title: ClassVar[dict[str, str]] = {"en": "Not signed in", "it": "Accesso non effettuato"}
    rule: ClassVar[dict[str, str]] = {"en": "{en}", "it": "{it}"}

    def __init__(self, en: str, it: str, *, field: str = "Authorization") -> None:
        super().__init__(field=field, value=None, en=en, it=it)


class Forbidden(Refusal):
    """The caller is known and its role does not cover the request. ``params``: ``needed`` (text)."""

    code = "forbidden"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Not allowed", "it": "Non consentito"}
    rule: ClassVar[dict[str, str]] = {
        "en": "This needs one of these roles: {needed}; the caller has: {value}.",
        "it": "Serve uno di questi ruoli: {needed}; chi chiama ha: {value}.",
    }


class KeysUnavailable(Refusal):
    """The issuer's keys could not be read, so no token can be judged."""

    code = "keys-unavailable"
    status = 503
    title: ClassVar[dict[str, str]] = {"en": "Not available now", "it": "Non disponibile ora"}
    rule: ClassVar[dict[str, str]] = {
        "en": "The keys of the token issuer cannot be read now; send the same request later.",
        "it": "Le chiavi dell'emittente dei token non sono leggibili ora; rinviare più tardi la richiesta.",
    }


def no_token() -> Unauthenticated:
    """No credential came with the request."""
    return Unauthenticated(
        "A bearer token is needed in the Authorization header.",
        "Serve un token bearer nell'intestazione Authorization.",
    )


def bad_token(en: str, it: str) -> Unauthenticated:
    """The token came and does not hold, for the reason given."""
    return Unauthenticated(f"The token is not accepted: {en}.", f"Il token non è accettato: {it}.")
