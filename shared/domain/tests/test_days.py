from datetime import date

import pytest

from shared.domain import ImpossibleValue
from shared.domain.days import not_in_future

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize("value", [None, TODAY, date(2026, 1, 1), "2026", "2026-11", "2026-11-26", "1961"])
def test_what_may_have_been_passes(value: date | str | None) -> None:
    not_in_future("since", value, TODAY)


@pytest.mark.parametrize("value", [date(2026, 11, 27), "2027", "2026-12", "2026-11-27"])
def test_what_lies_ahead_for_certain_is_refused(value: date | str) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        not_in_future("since", value, TODAY)
    assert refused.value.field == "since"
    assert "2026-11-26" in refused.value.text("it")
