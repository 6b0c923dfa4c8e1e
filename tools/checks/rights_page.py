"""docs/rights.md says the same as the table of rights and the routes; `--write` makes it anew.

Building the services is a check of its own: one with a route that has no rule does not start.
"""

import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from fastapi import FastAPI  # noqa: E402 - the clone is put on the path first

from shared.identity.rights import PEOPLE, RIGHTS, ROLES, SCOPES, Action  # noqa: E402
from shared.identity.roles import Role  # noqa: E402
from shared.web.routes import Guarded, UnguardedRoute, guarded_routes  # noqa: E402
from tests.system import SERVICES  # noqa: E402

PAGE = ROOT / "docs" / "rights.md"
REALM = ROOT / "deploy" / "keycloak" / "ponte-realm.json"

HEAD = """# Who may do what

<!-- Made by `python tools/checks/rights_page.py --write` from shared/identity/rights.py; do not edit. -->

Every route names one action, and one table ([rights.py](../shared/identity/rights.py)) says who may do it.
`make check` compares this page with the table and the routes, a service with a route that has no rule does
not start, and a test calls every route as every role. Whoever is refused gets 403 (without a token, or with
one that does not hold, 401). Each refusal is counted in `ponte_http_refusals_total` by reason and action, and
logged with the program that called, never with a person's name or a token.
"""

BY_OBJECT = """## Acting for somebody

With the header `X-On-Behalf-Of: ID` a person has, in that request, the roles that the person with that id
has lent them for today, and none of their own ([ADR 0014](adr/0014-acting-on-behalf.md)). The same table then
says what they may do. Where nothing is lent the answer is 403, also for what they may do themselves. A
substitution is granted and ended in person only. Programs act for nobody.

## What depends on the single record

The service that owns the record decides, with the same actions:

- **A reserved mission** is shown whole to who may `agenda.read-reserved`. Others see when somebody is busy,
  the holder's function, the status and the agreement: no title, place, people, purpose, reason or note, also
  in its past. Nobody writes or imports a reserved mission, or makes one, without that right: 403.
  The rule: [visibility.py](../services/agenda/domain/visibility.py).
- **A membership of a network** is written by the unit that it belongs to: `networks.write-UNIT`. To hand it
  to another unit takes the right for both. The rule: [api.py](../services/networks/api.py).
- **A substitution** is seen by the two people of it; by others only with `agenda.read-substitutions`. Who
  granted it ends it. The rule: [substitution.py](../services/agenda/domain/substitution.py).
"""

PROGRAMS = """## Programs

A program signs in with the role `integration` and names in its token's scopes (`scope`, `scp`, or for
application permissions of Entra ID `roles`) what it wants to do. A scope is an action of the table, word for
word. It holds what the table gives to `integration` *and* the token names; without scopes it may do nothing.
A scope gives a person nothing: people have what their roles have.
"""

NAMES = {
    Role.DIRECTOR: "Director",
    Role.OFFICER_CITY: "City officer",
    Role.OFFICER_EUROPEAN: "European officer",
    Role.OFFICER_PARTNERSHIPS: "Partnerships officer",
    Role.PROTOCOL: "Protocol",
    Role.CABINET: "Cabinet",
    Role.CONTRIBUTOR: "Contributor",
    Role.AUDITOR: "Auditor",
    Role.INTEGRATION: "Program",
}


def main(arguments: Sequence[str]) -> int:
    """Write the page, or compare it and print what differs; 1 if anything does."""
    try:
        made = page()
    except UnguardedRoute as unguarded:
        print(unguarded)
        return 1
    if "--write" in arguments:
        PAGE.write_text(made)
        return 0
    stale = not PAGE.exists() or PAGE.read_text() != made
    if stale:
        print("docs/rights.md is stale: python tools/checks/rights_page.py --write")
    return 1 if _realm_differs() or stale else 0


def page() -> str:
    """The whole page."""
    parts = [HEAD, "\n".join(_by_role()), "\n".join(_table()), PROGRAMS, BY_OBJECT, "\n".join(_by_route())]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _by_role() -> Iterator[str]:
    yield "## Role by role\n"
    yield "Every person with a role may\n"
    for_all = [action for action, right in RIGHTS.items() if right.roles >= PEOPLE]
    yield from (f"- {RIGHTS[action].may} (`{action}`)" for action in for_all)
    for role, who in ROLES.items():
        yield f"\n**{NAMES[role]}** (`{role}`): {who}."
        own = [one for one, right in RIGHTS.items() if role in right.roles and one not in for_all]
        if role is Role.INTEGRATION:
            yield "Each may what its token names, at most what the table below gives to programs."
        elif own:
            yield "May besides\n"
            yield from (f"- {RIGHTS[action].may} (`{action}`)" for action in own)
        else:
            yield "Nothing more."
    yield ""


def _table() -> Iterator[str]:
    yield "## The table\n"
    yield f"| action | {' | '.join(NAMES.values())} |"
    yield f"|---|{':-:|' * len(NAMES)}"
    for action, right in RIGHTS.items():
        cells = [
            ("scope" if role is Role.INTEGRATION else "yes") if role in right.roles else "" for role in NAMES
        ]
        yield f"| `{action}` | {' | '.join(cells)} |"
    anyone = ", ".join(f"`{action}`" for action, right in RIGHTS.items() if right.without_role)
    yield f"\nWho is signed in with no role that exists may do nothing but {anyone}."


def _by_route() -> Iterator[str]:
    yield "## Route by route\n"
    yield "`/metrics` takes the scrape token. Open to anybody are only the routes marked so.\n"
    for service in SERVICES:
        yield f"### {service}\n"
        yield "| method | address | action |"
        yield "|---|---|---|"
        yield from sorted(
            f"| {', '.join(sorted(route.methods))} | `{route.path}` | {_told(route)} |"
            for route in guarded_routes(_app(service))
        )
        yield ""


def _told(route: Guarded) -> str:
    return " and ".join(rule.name for rule in route.rules) or "*open*"


def _app(service: str) -> FastAPI:
    module = importlib.import_module(f"services.{service}.app")
    settings = importlib.import_module(f"services.{service}.settings")
    app: FastAPI = module.build_app(
        settings.Settings(
            kafka_bootstrap_servers="127.0.0.1:1",
            mongodb_uri="mongodb://127.0.0.1:1",
            oidc_issuer="https://issuer.example",
            oidc_jwks="no-such-file",
        )
    )
    return app


def _realm_differs() -> bool:
    """The realm that comes with Ponte offers each scope, and no other word that looks like one."""
    offered = {
        scope["name"] for scope in json.loads(REALM.read_text())["clientScopes"] if "." in scope["name"]
    }
    for word in sorted(offered ^ {str(action) for action in SCOPES}):
        print(
            f"{REALM.name}: the client scope {word!r} {'means nothing' if word in offered else 'is missing'}"
        )
    return offered != {str(action) for action in SCOPES}


if __name__ == "__main__":
    missing = [str(action) for action in Action if action not in RIGHTS]
    if missing:
        sys.exit(f"shared/identity/rights.py has no row for {', '.join(missing)}")
    sys.exit(main(sys.argv[1:]))
