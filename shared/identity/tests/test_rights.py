"""The table of rights, and what it means for a caller."""

from __future__ import annotations

import re

import pytest

from shared.identity import Action, Identity, Role, allow, may
from shared.identity.rights import RIGHTS, ROLES, SCOPES


def caller(*roles: Role, scopes: frozenset[Action] = frozenset()) -> Identity:
    return Identity("8c1f", "console", frozenset(roles), scopes=frozenset(scopes))


def test_every_action_has_a_row_and_every_role_somebody_behind_it() -> None:
    assert list(RIGHTS) == list(Action)
    assert list(ROLES) == list(Role)
    assert all(right.may and right.roles for right in RIGHTS.values())
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", action) for action in Action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.INTEGRATION])
def test_a_person_may_what_the_table_says_whatever_the_scopes(role: Role, action: Action) -> None:
    right = RIGHTS[action]
    expected = role in right.roles or right.without_role
    assert may(caller(role), action) is expected
    assert may(caller(role, scopes=frozenset(Action)), action) is expected


@pytest.mark.parametrize("action", Action)
def test_a_program_may_only_what_its_token_names_too(action: Action) -> None:
    free = RIGHTS[action].without_role
    assert may(caller(Role.INTEGRATION), action) is free
    assert may(caller(Role.INTEGRATION, scopes=frozenset(Action) - {action}), action) is free
    named = caller(Role.INTEGRATION, scopes=frozenset({action}))
    assert may(named, action) is (action in SCOPES or free)


def test_without_a_role_that_exists_one_may_only_leave() -> None:
    nobody = caller(scopes=frozenset(Action))
    assert [action for action in Action if may(nobody, action)] == [Action.PAGES_SIGN_OUT]


def test_several_roles_add_up_and_one_of_several_actions_is_enough() -> None:
    both = caller(Role.OFFICER_EUROPEAN, Role.OFFICER_PARTNERSHIPS)
    assert may(both, Action.NETWORKS_WRITE_EUROPEAN)
    assert may(both, Action.NETWORKS_WRITE_PARTNERSHIPS)
    assert may(caller(Role.OFFICER_EUROPEAN), Action.NETWORKS_WRITE_CITY, Action.NETWORKS_WRITE_EUROPEAN)
    assert not may(both, Action.NETWORKS_WRITE_CITY, Action.AGENDA_WRITE)


def test_a_rule_names_an_action() -> None:
    with pytest.raises(ValueError, match="at least one action"):
        allow()
