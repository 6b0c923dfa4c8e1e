"""What the collections hold of people that have no model: journal, audit trail, messages, sessions.

And by name the collections in which there is nothing of anybody. A test holds that every collection of every
running service is among one or the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel

from shared.privacy.activities import AUDIT, JOURNAL, MESSAGES, REQUESTS, SESSIONS, VISITS
from shared.privacy.declared import Activity, Datum, Held, Records
from shared.privacy.fields import held_in

NOTHING: Final = {
    "meta": "the service's epoch, leases, generations and roles",
    "replicas": "signs of life of the service's processes",
    "marks": "how far views have read, by record",
    "inbox": "how far reactions have read, by record",
    "expected": "how far a topic has to be read",
    "scrubs": "which values of other units' events are gone, by record and field",
    "checkpoints": "hashes of the journal's heads, signed",
    "checkpointed": "which heads were noted",
    "used_links": "random ids of sign-in links, until they would have expired",
    "used_logouts": "digests of logout tokens, until they would have expired",
    "sign_ins": "sign-ins on their way, sealed, for ten minutes; nobody is known yet",
}
"""Collections without personal data, and what they hold."""

_EVENT: Final = (
    Held("actor", Datum.USER_ID, JOURNAL),
    Held("client", Datum.USER_ID, JOURNAL),
    Held("audit.on_behalf_of", Datum.USER_ID, JOURNAL),
    Held("audit.origin", Datum.ADDRESS, AUDIT),
)
_TRAIL: Final = (
    Held("subject", Datum.USER_ID, AUDIT, "whom somebody wanted to act for and may not"),
    Held("actor", Datum.USER_ID, AUDIT),
    Held("on_behalf_of", Datum.USER_ID, AUDIT),
    Held("client", Datum.USER_ID, AUDIT),
    Held("origin", Datum.ADDRESS, AUDIT),
)
_REQUESTS: Final = (
    Held("needles", Datum.NAME, REQUESTS, "a form that recognises the name and does not tell it"),
    Held("person_ids", Datum.PERSON_ID, REQUESTS),
    Held("actor", Datum.USER_ID, REQUESTS),
    Held("on_behalf_of", Datum.USER_ID, REQUESTS),
    Held("reason", Datum.TEXT, REQUESTS),
    Held("ground", Datum.TEXT, REQUESTS),
)
_MESSAGES: Final = {
    "dead_letters": (Held("value", Datum.MESSAGE, MESSAGES), Held("headers", Datum.MESSAGE, MESSAGES)),
    "parked": (Held("value", Datum.MESSAGE, MESSAGES), Held("headers", Datum.MESSAGE, MESSAGES)),
    "refused_reactions": (Held("texts", Datum.TEXT, MESSAGES),),
}
_OF_ALL: Final = {"audit_entries": _TRAIL, "erasures": _REQUESTS, **_MESSAGES}

DASHBOARD: Final = {
    **_OF_ALL,
    "sessions": (
        Held("subject", Datum.USER_ID, SESSIONS),
        Held("name", Datum.SESSION, SESSIONS),
        Held("sealed", Datum.SESSION, SESSIONS),
    ),
    "visits": (Held("_id", Datum.USER_ID, VISITS),),
    "journal": (),  # prepared as everywhere, and always empty: it owns no records
}
"""The dashboard's, besides its views."""


def of_owner(records: Iterable[Records]) -> dict[str, tuple[Held, ...]]:
    """The collections of a unit that owns ``records``: theirs, the journal and what every service has."""
    kept = tuple(records)
    journal = [*_EVENT]
    own: dict[str, tuple[Held, ...]] = {}
    for each in kept:
        changes = Held("audit.changes.*", Datum.TEXT, each.activity, "a field before and after a change")
        told = of_views(((model, each.activity) for model in each.events), "data.")
        journal += [*told, changes]
        # Until it is in the journal an event lies with its record.
        state = held_in(each.state, each.activity, "state.")
        own[each.collection] = (*state, Held("outbox", Datum.MESSAGE, each.activity, "events on their way"))
    return {**own, "journal": tuple(dict.fromkeys(journal)), **_OF_ALL}


def of_views(models: Iterable[tuple[type[BaseModel], Activity]], within: str) -> tuple[Held, ...]:
    """What a collection of views holds whose documents have one of ``models`` below ``within``."""
    held = (one for model, activity in models for one in held_in(model, activity, within))
    return tuple(dict.fromkeys(held))
