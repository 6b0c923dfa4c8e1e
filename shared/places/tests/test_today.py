from datetime import UTC, date, datetime

import pytest

from shared.places import AmbiguousCity, UnknownCity
from shared.places.today import CityDay


def test_the_day_is_the_citys_not_that_of_utc() -> None:
    late = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
    assert CityDay("Milano").of(late) == date(2026, 7, 1)
    assert CityDay("São Paulo").of(late) == date(2026, 6, 30)


@pytest.mark.parametrize(("city", "refusal"), [("Birmingham", AmbiguousCity), ("Atlantis", UnknownCity)])
def test_a_city_that_is_not_one_is_told_with_its_setting(city: str, refusal: type[Exception]) -> None:
    with pytest.raises(refusal, match="PONTE_CITY"):
        CityDay(city)
