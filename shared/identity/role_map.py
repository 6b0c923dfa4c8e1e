"""Which role of Ponte a provider's groups and roles stand for: settings, not code."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.identity.metrics import PASSED_OVER
from shared.identity.rights import SCOPES
from shared.identity.roles import Role

log = logging.getLogger(__name__)

CLAIMS: Final = ("roles", "groups", "realm_access.roles")
"""Where providers put them: Entra ID's app roles and groups, Keycloak's group mapper and realm roles."""

_MOST_WORDS: Final = 500
_SCOPES: Final = frozenset(action.value for action in SCOPES)
_told: set[str] = set()
"""Words that the log has named already; each is named once by a process."""


@dataclass(frozen=True, slots=True)
class RoleMap:
    """Reads roles from verified claims.

    ``claims`` are the claims to look into: a name, or a path with dots. ``words`` says which roles a word of
    the provider gives; null: a word gives the role of the same name. Keycloak writes groups with their
    full path as ``/director``: a slash at the beginning is passed over.
    """

    claims: tuple[str, ...] = CLAIMS
    words: Mapping[str, frozenset[Role]] | None = field(default=None)

    @classmethod
    def of(cls, mapping: Mapping[str, Sequence[Role]] | None, claims: Iterable[str] = CLAIMS) -> RoleMap:
        """The map that settings describe; an empty mapping is none."""
        if not mapping:
            return cls(tuple(claims))
        words = {word.removeprefix("/"): frozenset(given) for word, given in mapping.items()}
        return cls(tuple(claims), words)

    def roles_of(self, claims: Mapping[str, Any]) -> frozenset[Role]:
        """The roles that the claims give; what gives none is passed over and counted."""
        found: set[Role] = set()
        for path in self.claims:
            for word in _words(_at(claims, path)):
                given = self._given(word.removeprefix("/"))
                found |= given
                # Entra ID writes what a program was granted beside its roles; that is for scopes_of to read.
                if not given and word not in _SCOPES:
                    pass_over(word, "token")
        return frozenset(found)

    def _given(self, word: str) -> frozenset[Role]:
        if self.words is not None:
            return self.words.get(word, frozenset())
        return frozenset({_BY_NAME[word]} if word in _BY_NAME else ())


_BY_NAME: Final = {role.value: role for role in Role}

BY_NAME: Final = RoleMap()


def read_mapping(given: object) -> dict[str, list[Role]]:
    """The mapping in a setting: a JSON object with a role, or a list of roles, for each word.

    Raises ``ValueError`` with what is wrong in it.
    """
    found = _json(given)
    if not isinstance(found, dict):
        # pydantic makes a sentence of a ValueError alone.
        raise ValueError("it has to be a JSON object: a word, and the role that it gives")  # noqa: TRY004
    mapping: dict[str, list[Role]] = {}
    for word, roles in found.items():
        listed = roles if isinstance(roles, list) else [roles]
        for role in listed:
            if role not in _BY_NAME.values():
                raise ValueError(f"{role!r} is not one of {', '.join(_BY_NAME)}")
        mapping[word] = [Role(role) for role in listed]
    return mapping


def read_claims(given: object) -> list[str]:
    """The claims in a setting: a JSON list of names or paths. Raises ``ValueError``."""
    found = _json(given)
    if not isinstance(found, list) or not all(isinstance(name, str) and name for name in found):
        raise ValueError("it has to be a JSON list of names of claims")
    return found


def _json(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        raise ValueError("it is not JSON") from None


def stored_roles(words: Iterable[object]) -> frozenset[Role]:
    """The roles that a stored session names; a role that no longer exists is passed over and counted."""
    found = set()
    for word in words:
        if isinstance(word, str) and word in _BY_NAME:
            found.add(_BY_NAME[word])
        else:
            pass_over(str(word), "session")
    return frozenset(found)


def pass_over(word: str, where: str) -> None:
    """Count a word that gives no role, and name it once in the log."""
    PASSED_OVER.labels(where).inc()
    if word not in _told and len(_told) < _MOST_WORDS:
        _told.add(word)
        log.info("%r of a %s is no role of Ponte's and gives none", word[:64], where)


def _at(claims: Mapping[str, Any], path: str) -> object:
    """The claim of that very name, else what lies at the path; names of claims may hold dots themselves."""
    if path in claims:
        return claims[path]
    name, dot, rest = path.partition(".")
    below = claims.get(name)
    return _at(below, rest) if dot and isinstance(below, Mapping) else None


def _words(given: object) -> Iterator[str]:
    if isinstance(given, list):
        yield from (word for word in given[:_MOST_WORDS] if isinstance(word, str))
