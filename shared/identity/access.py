"""The rule that every route carries: which action it is, and so who may call it."""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.types import Scope

from shared.identity.errors import Forbidden, no_token
from shared.identity.rights import RIGHTS, Action
from shared.identity.roles import Identity, Role

_SCOPE_KEY: Final = "ponte.identity"


class Rule:
    """A dependency that decides who may call a route.

    The application refuses to start with a route that has none, unless its path is on the open list.
    """

    name: str = "other"
    """What metrics and documents call it."""


class Allow(Rule):
    """Lets a caller through who may do at least one of ``actions``, and gives its ``Identity``.

    Raises ``Unauthenticated`` without a verified caller and ``Forbidden`` for one who may not.
    """

    def __init__(self, actions: tuple[Action, ...]) -> None:
        self.actions = actions
        self.name = " or ".join(actions)

    async def __call__(self, request: Request) -> Identity:
        """Judge one request."""
        identity = caller(request)
        if not may(identity, *self.actions):
            raise _forbidden(identity, self.actions)
        return identity


def allow(*actions: Action) -> Any:
    """The dependency that lets callers through who may do one of ``actions``, for a route or a whole router.

    ``who: Annotated[Identity, allow(Action.AGENDA_READ)]``, or ``APIRouter(dependencies=[allow(...)])``.
    Raises ``ValueError`` without an action.
    """
    if not actions:
        raise ValueError("allow() needs at least one action of shared.identity.rights")
    from fastapi import Depends

    return Depends(Allow(actions))


def may(identity: Identity, *actions: Action) -> bool:
    """Whether the caller may do at least one of ``actions``: the table of rights, read for one caller.

    For what depends on a single record, asked by the service that owns it.
    """
    return any(_may(identity, action) for action in actions)


def _may(identity: Identity, action: Action) -> bool:
    right = RIGHTS[action]
    if right.without_role:
        return True
    held = identity.roles & right.roles
    # A program's role alone gives nothing: the token has to name the action too.
    return bool(held) and (held != _PROGRAM or action in identity.scopes)


_PROGRAM: Final = frozenset({Role.INTEGRATION})


def _forbidden(identity: Identity, actions: tuple[Action, ...]) -> Forbidden:
    name = " / ".join(actions)
    needed = [str(role) for role in Role if any(role in RIGHTS[action].roles for action in actions)]
    if needed[-1] == Role.INTEGRATION:
        needed[-1] += f" (scope: {name})"
    return Forbidden(
        field="role",
        value=", ".join(sorted(identity.roles)) or "—",
        needed=", ".join(needed),
        action=name,
    )


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
