"""Who acts for somebody has what was lent, as long as it is lent. Pure."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.acting.errors import (
    ActingUnknown,
    LendingEnded,
    MayNotAct,
    NoLongerLent,
    NoRoleActing,
    NotLent,
    NotLentYet,
    ProgramActing,
)
from shared.acting.judging import Acting, acting_for
from shared.contracts.substitutions import Substitution
from shared.identity.roles import Identity, Role
from shared.places.today import CityDay

TODAY = date(2026, 11, 29)
SECRETARY = Identity("secretary", "ponte", frozenset({Role.OFFICER_CITY}), name="Anna", scopes=frozenset("x"))


def lent(first: int = -1, last: int = 1, **fields: Any) -> Substitution:
    """From so many days from today to so many."""
    usual: dict[str, Any] = {
        "substitution_id": "substitution-1",
        "principal": "delegate",
        "substitute": "secretary",
        "roles": ("cabinet",),
        "starts_on": TODAY + timedelta(days=first),
        "ends_on": TODAY + timedelta(days=last),
    }
    return Substitution.model_validate({**usual, **fields})


def test_the_lent_roles_take_the_place_of_ones_own_and_both_people_are_known() -> None:
    found = acting_for(SECRETARY, "delegate", [lent()], TODAY)
    assert found.roles == {Role.CABINET}
    assert (found.subject, found.on_behalf_of, found.client) == ("secretary", "delegate", "ponte")
    assert found.scopes == frozenset()


def test_several_that_hold_give_what_all_of_them_lend() -> None:
    both = [lent(), lent(roles=("director",)), lent(2, 3, roles=("auditor",))]
    assert acting_for(SECRETARY, "delegate", both, TODAY).roles == {Role.CABINET, Role.DIRECTOR}


def test_a_word_that_is_no_role_of_a_person_gives_nothing() -> None:
    found = acting_for(SECRETARY, "delegate", [lent(roles=("integration", "mayor"))], TODAY)
    assert found.roles == frozenset()


@pytest.mark.parametrize(
    ("known", "refusal", "told"),
    [
        ([], NotLent, "has granted no substitution"),
        ([lent(principal="somebody")], NotLent, "has granted no"),
        ([lent(substitute="somebody")], NotLent, "has granted no"),
        ([lent(1, 3), lent(-9, -5)], NotLentYet, "begins on 2026-11-30"),
        ([lent(-9, -1), lent(-20, -10)], NoLongerLent, "was over with 2026-11-28"),
        ([lent(ended_at=datetime(2026, 11, 29, 8, tzinfo=UTC))], LendingEnded, "ended on 2026-11-29T08:00Z"),
    ],
)
def test_what_does_not_hold_is_refused_with_the_reason(
    known: list[Substitution], refusal: type[MayNotAct], told: str
) -> None:
    with pytest.raises(refusal, match=told):
        acting_for(SECRETARY, "delegate", known, TODAY)


def test_programs_and_people_without_a_role_act_for_nobody() -> None:
    for roles, refusal in (({Role.INTEGRATION, Role.DIRECTOR}, ProgramActing), ((), NoRoleActing)):
        who = Identity("secretary", "ponte", frozenset(roles))
        with pytest.raises(refusal):
            acting_for(who, "delegate", [lent()], TODAY)


some = st.builds(
    lent,
    st.integers(-4, 4),
    st.integers(-4, 4),
    principal=st.sampled_from(["delegate", "other"]),
    substitute=st.sampled_from(["secretary", "other"]),
    roles=st.lists(st.sampled_from([*Role, "mayor"]), max_size=3).map(tuple),
    ended_at=st.sampled_from([None, None, datetime(2026, 11, 28, tzinfo=UTC)]),
)


@given(st.lists(some, max_size=5), st.integers(-6, 6))
def test_nobody_ever_has_more_than_what_is_lent_to_them_that_day(
    known: list[Substitution], later: int
) -> None:
    day = TODAY + timedelta(days=later)
    due = {
        role
        for one in known
        if one.principal == "delegate" and one.substitute == "secretary"
        if one.ended_at is None and one.starts_on <= day <= one.ends_on
        for role in one.roles
    }
    try:
        got = acting_for(SECRETARY, "delegate", known, day)
    except MayNotAct:
        assert not due
        return
    assert got.roles == due & (set(Role) - {Role.INTEGRATION})


async def test_while_nothing_is_heard_of_the_agenda_nobody_acts_for_another() -> None:
    unheard: list[str] = []
    today = CityDay("Milano").today()

    async def find(principal: str, substitute: str) -> list[Substitution]:
        assert (principal, substitute) == ("delegate", "secretary")
        return [lent(starts_on=today, ends_on=today)]

    acting = Acting(find, CityDay("Milano"), lambda: unheard)
    assert (await acting(SECRETARY, "delegate")).on_behalf_of == "delegate"
    unheard.append("kafka does not answer")
    with pytest.raises(ActingUnknown, match="kafka does not answer"):
        await acting(SECRETARY, "delegate")
