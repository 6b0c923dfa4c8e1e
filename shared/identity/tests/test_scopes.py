"""What a program's token names."""

from __future__ import annotations

from typing import Any

import pytest

from shared.identity import Action
from shared.identity.scopes import scopes_of

READ, SIGN = Action.AGENDA_READ, Action.AGREEMENTS_SIGN


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        ({}, set()),
        ({"scope": "openid agenda.read  agreements.sign profile"}, {READ, SIGN}),
        ({"scp": "agenda.read"}, {READ}),
        ({"scp": ["agenda.read", "agreements.sign", 7, None]}, {READ, SIGN}),
        ({"roles": ["integration", "agreements.sign"]}, {SIGN}),
        ({"scope": "agenda.read", "scp": ["agreements.sign"]}, {READ, SIGN}),
        ({"scope": "agenda AGENDA.READ agenda.read, agenda.* * agenda.readx"}, set()),
        ({"scope": {"agenda.read": True}, "scp": 7, "roles": None}, set()),
        ({"scope": ""}, set()),
    ],
)
def test_words_that_are_actions_count_and_no_others(claims: dict[str, Any], named: set[Action]) -> None:
    assert scopes_of(claims) == named
