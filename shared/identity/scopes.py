"""Which actions a program's token names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.identity.rights import Action

_ACTIONS: Final = {action.value: action for action in Action}


def scopes_of(claims: Mapping[str, Any]) -> frozenset[Action]:
    """The actions named by verified claims; any other word means nothing.

    ``scope`` is a text with blanks (RFC 9068), ``scp`` a text or a list (Entra ID, Okta). ``roles`` is where
    Entra ID writes what an administrator granted to a program itself, which has no ``scp`` there.
    """
    found: set[Action] = set()
    for name in ("scope", "scp", "roles"):
        given = claims.get(name)
        words = given.split() if isinstance(given, str) else given if isinstance(given, list) else ()
        found.update(_ACTIONS[word] for word in words if isinstance(word, str) and word in _ACTIONS)
    return frozenset(found)
