"""How long holders of mandates are kept: from the last day on which the mandate may have ended."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.networks.domain.retention import counts_from, kept_too_long
from services.networks.domain.state import MembershipState
from services.networks.tests.examples import mandate, membership
from shared.contracts.base import Person
from shared.domain.retention import add_months

partial = st.one_of(
    st.integers(1950, 2026).map(str),
    st.dates(date(1950, 1, 1), date(2026, 12, 31)).map(lambda day: f"{day:%Y-%m}"),
    st.dates(date(1950, 1, 1), date(2026, 12, 31)).map(date.isoformat),
)


@pytest.mark.parametrize(
    ("until", "day"),
    [
        ("2019", date(2019, 12, 31)),
        ("2024-02", date(2024, 2, 29)),
        ("2019-04-30", date(2019, 4, 30)),
        (None, None),
    ],
)
def test_an_imprecise_end_counts_from_its_last_day(until: str | None, day: date | None) -> None:
    assert counts_from(mandate(until=until)) == day


@given(partial, st.integers(1, 600))
def test_holders_are_kept_up_to_the_last_day_and_not_on_the_next(until: str, months: int) -> None:
    ended = mandate(until=until)
    state = MembershipState(membership=membership(mandates=(ended,)))
    from_day = counts_from(ended)
    assert from_day is not None
    last_day = add_months(from_day, months)
    assert kept_too_long(state, months=months, today=last_day) == ()
    after = kept_too_long(state, months=months, today=last_day + timedelta(days=1))
    assert after == ("membership.mandates.0.holder",)


def test_each_mandate_counts_by_itself() -> None:
    mandates = (
        mandate("m-1", "Ada Bianchi", since="2006", until="2011"),
        mandate("m-2", "Ada Bianchi", since="2021"),
        mandate("m-3", "Bo Neri", since="2000", until="2006"),
        mandate("m-4", since="1990", until="2000").model_copy(update={"holder": Person(function="Mayor")}),
    )
    state = MembershipState(membership=membership(mandates=mandates))
    found = kept_too_long(state, months=120, today=date(2026, 11, 29))
    assert found == ("membership.mandates.0.holder", "membership.mandates.2.holder")
