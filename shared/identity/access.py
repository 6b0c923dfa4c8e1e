"""The rule that every route carries: who may call it."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from shared.identity.errors import Forbidden, no_token
from shared.identity.roles import Identity, Role

_SCOPE_KEY: Final = "ponte.identity"


class Rule:
    """A dependency that decides who may call a route.

    The application refuses to start with a route that has none, unless its path is on the open list.
    """


class Allow(Rule):
    """Lets a caller with at least one of ``roles`` through and gives its ``Identity``.

    Raises ``Unauthenticated`` without a verified caller and ``Forbidden`` without a fitting role.
    """

    def __init__(self, roles: tuple[Role, ...]) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> Identity:
        """Judge one request."""
        identity = caller(request)
        if not identity.has(*self.roles):
            held = ", ".join(sorted(identity.roles)) or "—"
            raise Forbidden(field="role", value=held, needed=", ".join(self.roles))
        return identity


def allow(*roles: Role) -> Any:
    """The dependency that lets callers with one of ``roles`` through, for a route or a whole router.

    ``who: Annotated[Identity, allow(Role.DIRECTOR)]``, or ``APIRouter(dependencies=[allow(...)])``.
    Raises ``ValueError`` without a role: a route for every signed-in caller says ``allow(*EVERYONE)``.
    """
    if not roles:
        raise ValueError("allow() needs at least one role; use allow(*EVERYONE) for every signed-in caller")
    from fastapi import Depends

    return Depends(Allow(roles))


def caller(request: Request) -> Identity:
    """The verified caller of this request. Raises ``Unauthenticated`` where there is none."""
    identity = identity_of(request.scope)
    if identity is None:
        raise no_token()
    return identity


def identity_of(scope: Scope) -> Identity | None:
    """The verified caller that was set for this request, if any."""
    identity = scope.get(_SCOPE_KEY)
    return identity if isinstance(identity, Identity) else None


def set_identity(scope: Scope, identity: Identity) -> None:
    """Note the verified caller. Only the gate of `shared.web` calls this."""
    scope[_SCOPE_KEY] = identity
