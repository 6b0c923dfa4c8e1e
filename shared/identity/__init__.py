"""Who is calling and what they may do."""

from shared.identity.access import Allow, Rule, allow, caller, identity_of, may
from shared.identity.errors import Forbidden, KeysUnavailable, Unauthenticated
from shared.identity.keys import KeySet
from shared.identity.rights import Action
from shared.identity.roles import Identity, Role
from shared.identity.tokens import TokenVerifier

__all__ = [
    "Action",
    "Allow",
    "Forbidden",
    "Identity",
    "KeySet",
    "KeysUnavailable",
    "Role",
    "Rule",
    "TokenVerifier",
    "Unauthenticated",
    "allow",
    "caller",
    "identity_of",
    "may",
]
