"""What identity refuses. No error carries a token."""

from __future__ import annotations

from typing import ClassVar

from shared.domain.errors import Refusal


class Unauthenticated(Refusal):
    """Nobody knows who is calling: no credential, or one that does not hold.

    ``reason`` says why in one stable word, for what counts refusals.
    """

    code = "unauthenticated"
    status = 401
    title: ClassVar[dict[str, str]] = {"en": "Not signed in", "it": "Accesso non effettuato"}
    rule: ClassVar[dict[str, str]] = {"en": "{en}", "it": "{it}"}

    def __init__(
        self, en: str, it: str, *, field: str = "Authorization", reason: str = "bad-credential"
    ) -> None:
        super().__init__(field=field, value=None, en=en, it=it)
        self.reason = reason


class Forbidden(Refusal):
    """The caller is known and may not do this. ``params``: ``action`` and ``needed``, the roles that may."""

    code = "forbidden"
    status = 403
    title: ClassVar[dict[str, str]] = {"en": "Not allowed", "it": "Non consentito"}
    rule: ClassVar[dict[str, str]] = {
        "en": "{action} takes one of these roles: {needed}; the caller has: {value}.",
        "it": "Per {action} serve uno di questi ruoli: {needed}; chi chiama ha: {value}.",
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
        reason="no-credential",
    )


def no_session() -> Unauthenticated:
    """A session's cookie came, and there is no such session, or it has ended."""
    return Unauthenticated(
        "There is no such session, or it has ended: sign in again.",
        "La sessione non esiste o è terminata: accedere di nuovo.",
        field="Cookie",
        reason="no-session",
    )


def bad_token(en: str, it: str, reason: str = "malformed-token") -> Unauthenticated:
    """The token came and does not hold, for the reason given in two languages and in one stable word."""
    return Unauthenticated(
        f"The token is not accepted: {en}.", f"Il token non è accettato: {it}.", reason=reason
    )
