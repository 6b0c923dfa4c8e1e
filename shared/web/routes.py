"""Holds that every route says who may call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Mount
from starlette.types import Scope

from shared.identity.access import Rule


class UnguardedRoute(Exception):
    """A route has no rule and is not on the open list, or the list names what is not an open route."""


def open_routes(app: FastAPI) -> list[str]:
    """The paths that anybody may call, sorted: routes without a rule, and folders of static files."""
    return sorted({path for path, guarded in _paths(app) if not guarded})


def check_routes(app: FastAPI, open_paths: Sequence[str]) -> None:
    """Compare the routes with the declared list. Raises ``UnguardedRoute`` naming every difference."""
    found = set(open_routes(app))
    declared = set(open_paths)
    problems = [f"{path} has no rule: use allow(...) of shared.identity" for path in sorted(found - declared)]
    problems += [f"{path} is declared open and is not" for path in sorted(declared - found)]
    guarded = {path for path, has_rule in _paths(app) if has_rule}
    problems += [f"{path} has an open and a guarded route" for path in sorted(declared & guarded)]
    if problems:
        raise UnguardedRoute("; ".join(problems))


class RouteTable:
    """Tells a request's route template (``/v1/missions/{mission_id}``) for logs, metrics and ``Allow``."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._methods: dict[str, set[str]] = {}

    def learn(self, app: FastAPI) -> None:
        """Read the templates of all routes, with the prefixes of the routers that include them."""
        for context in iter_route_contexts(app.routes):
            if context.path is not None:
                self._names[id(context.original_route)] = context.path
                self._methods.setdefault(context.path, set()).update(context.methods or ())

    def name(self, scope: Scope) -> str:
        """The template; ``unmatched`` where no route took the request."""
        return self._names.get(id(scope.get("route")), "unmatched")

    def methods(self, scope: Scope) -> str:
        """Every method of the request's template, as ``Allow`` lists them."""
        return ", ".join(sorted(self._methods.get(self.name(scope), ())))


def _paths(app: FastAPI) -> Iterator[tuple[str, bool]]:
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, Mount):
            yield f"{context.path}/", False
        else:
            yield context.path or "", _has_rule(context)


def _has_rule(context: RouteContext) -> bool:
    dependant: Any = getattr(context, "dependant", None)
    return isinstance(dependant, Dependant) and any(isinstance(call, Rule) for call in _calls(dependant))


def _calls(dependant: Dependant) -> Iterator[Any]:
    for below in dependant.dependencies:
        yield below.call
        yield from _calls(below)
