"""Holds that every route says who may call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import Mount, compile_path
from starlette.types import ASGIApp, Scope

from shared.identity.access import Rule


class UnguardedRoute(Exception):
    """A route has no rule and is not on the open list, or the list names what is not an open route."""


def open_routes(app: FastAPI) -> list[str]:
    """The paths that anybody may call, sorted: routes without a rule, and folders of static files."""
    return sorted({route.path for route in guarded_routes(app) if not route.rules})


def check_routes(app: FastAPI, open_paths: Sequence[str]) -> None:
    """Compare the routes with the declared list. Raises ``UnguardedRoute`` naming every difference."""
    found = set(open_routes(app))
    declared = set(open_paths)
    problems = [
        f"{path} has no rule: use allow(Action...) of shared.identity" for path in sorted(found - declared)
    ]
    problems += [f"{path} is declared open and is not" for path in sorted(declared - found)]
    guarded = {route.path for route in guarded_routes(app) if route.rules}
    problems += [f"{path} has an open and a guarded route" for path in sorted(declared & guarded)]
    if problems:
        raise UnguardedRoute("; ".join(problems))


@dataclass(frozen=True, slots=True)
class Guarded:
    """A route with its rules; a caller has to satisfy all of them. ``mounted`` is what a mount holds."""

    path: str
    methods: frozenset[str]
    rules: tuple[Rule, ...]
    mounted: ASGIApp | None = None


def guarded_routes(app: FastAPI) -> Iterator[Guarded]:
    """Every route of the application, in its order; one without rules is on the open list."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, Mount):
            yield Guarded(f"{context.path}/", frozenset({"GET"}), (), route.app)
        else:
            yield Guarded(context.path or "", frozenset(context.methods or {"GET"}), _rules(context))


@dataclass(frozen=True, slots=True)
class Place:
    """A route's template and action, and the ids in the address (null: none)."""

    route: str
    action: str
    subject: str | None


class RouteTable:
    """Tells a request's route template (``/v1/missions/{mission_id}``) for logs, metrics and ``Allow``.

    And the action that the route is, for what is said about refusals.
    """

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._actions: dict[int, str] = {}
        self._methods: dict[str, set[str]] = {}
        self._places: list[tuple[re.Pattern[str], str, frozenset[str], str]] = []

    def learn(self, app: FastAPI) -> None:
        """Read the templates of all routes, with the prefixes of the routers that include them."""
        for context in iter_route_contexts(app.routes):
            if context.path is not None:
                self._names[id(context.original_route)] = context.path
                rules = _rules(context)
                action = " and ".join(rule.name for rule in rules)
                self._actions[id(context.original_route)] = action
                self._methods.setdefault(context.path, set()).update(context.methods or ())
                if not isinstance(context.original_route, Mount):
                    methods = frozenset(context.methods or {"GET"})
                    self._places.append((compile_path(context.path)[0], context.path, methods, action))

    def name(self, scope: Scope) -> str:
        """The template; ``unmatched`` where no route took the request."""
        return self._names.get(id(scope.get("route")), "unmatched")

    def action(self, scope: Scope) -> str:
        """What the route is in the table of rights; empty where no route took the request."""
        return self._actions.get(id(scope.get("route")), "")

    def place(self, scope: Scope) -> Place:
        """Where the request wanted to go, also one that was refused before any route took it."""
        for pattern, path, methods, action in self._places:
            found = pattern.match(scope["path"]) if scope["method"] in methods else None
            if found is not None:
                return Place(path, action, "/".join(found.groups()) or None)
        return Place(self.name(scope), self.action(scope), None)

    def methods(self, scope: Scope) -> str:
        """Every method of the request's template, as ``Allow`` lists them.

        An address that is a template itself goes before one with a parameter that would take it, too.
        """
        methods = self._methods.get(scope["path"]) or self._methods.get(self.name(scope))
        return ", ".join(sorted(methods or ()))


def _rules(context: RouteContext) -> tuple[Rule, ...]:
    dependant: Any = getattr(context, "dependant", None)
    if not isinstance(dependant, Dependant):
        return ()
    return tuple(call for call in _calls(dependant) if isinstance(call, Rule))


def _calls(dependant: Dependant) -> Iterator[Any]:
    for below in dependant.dependencies:
        yield below.call
        yield from _calls(below)
