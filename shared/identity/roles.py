"""Who is calling: an opaque subject, the program that calls for it, and its roles."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a caller may be; a token carries these words."""

    DIRECTOR = "director"
    OFFICER_CITY = "officer-city"  # City Relations and Cooperation
    OFFICER_EUROPEAN = "officer-european"  # European Affairs
    OFFICER_PARTNERSHIPS = "officer-partnerships"  # International Partnerships
    PROTOCOL = "protocol"  # cerimoniale: ceremonies and precedence
    CABINET = "cabinet"
    CONTRIBUTOR = "contributor"  # a section of a dossier
    AUDITOR = "auditor"
    INTEGRATION = "integration"  # another program


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified caller.

    ``subject`` is the issuer's opaque id and the only part that may reach logs, events or the journal;
    ``client`` the program that asked (OAuth's ``azp`` or ``client_id``, else the subject); ``name`` is for
    the person's own page and goes nowhere else. ``scopes`` are the actions that the token names: they are
    what a program may do (`shared.identity.rights`), and give a person nothing. ``on_behalf_of`` is the
    subject of the person whom the caller acts for, whose lent roles ``roles`` are then.
    """

    subject: str
    client: str
    roles: frozenset[Role]
    name: str | None = None
    scopes: frozenset[str] = frozenset()
    on_behalf_of: str | None = None
