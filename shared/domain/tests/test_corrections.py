import pytest

from shared.contracts.base import Source, SourcedDate, SourceKind
from shared.domain import ImpossibleValue
from shared.domain.corrections import corrected

FIRST = SourcedDate(date="1973-04", source=Source(title="Comune", kind=SourceKind.OFFICIAL))


def test_only_what_differs_is_named() -> None:
    after, fields = corrected(FIRST, {"date": "1973-04-12", "source": FIRST.source})
    assert (after.date, fields) == ("1973-04-12", ("date",))


def test_what_is_there_already_is_no_difference() -> None:
    assert corrected(FIRST, {"date": "1973-04"}) == (FIRST, ())


@pytest.mark.parametrize("value", [None, "1973-13", "", 7])
def test_a_value_that_does_not_fit_is_refused_with_its_field(value: object) -> None:
    with pytest.raises(ImpossibleValue) as refused:
        corrected(FIRST, {"date": value})
    assert refused.value.field == "date"
    assert refused.value.value == value


def test_there_is_no_such_field() -> None:
    with pytest.raises(KeyError, match="dates"):
        corrected(FIRST, {"dates": "1973"})
