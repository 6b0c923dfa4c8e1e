from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from shared.contracts.base import Person, Source
from shared.contracts.exactly import EXACTLY
from shared.contracts.networks import Mandate


class Request(BaseModel):
    source: Annotated[Source | None, EXACTLY] = None
    mandates: Annotated[tuple[Mandate, ...], EXACTLY] = ()


MANDATE = {
    "mandate_id": "m",
    "office": "Chair",
    "office_it": "Presidente",
    "body": "Group",
    "body_it": "Gruppo",
    "holder": {"function": "Councillor"},
    "source": {"title": "Comune", "kind": "official"},
    "as_of": "2023",
}


def test_what_is_known_becomes_the_published_value_itself() -> None:
    request = Request.model_validate({"source": MANDATE["source"], "mandates": [MANDATE]})
    assert type(request.source) is Source
    assert request.mandates == (Mandate.model_validate(MANDATE),)
    assert Request.model_validate({"source": None}).source is None


def test_an_unknown_field_is_refused_at_every_depth_with_its_place() -> None:
    wrong = {**MANDATE, "holder": {"function": "Councillor", "phone": "x"}}
    with pytest.raises(ValidationError) as refused:
        Request.model_validate({"mandates": [MANDATE, wrong]})
    (error,) = refused.value.errors()
    assert (error["type"], error["loc"]) == ("extra_forbidden", ("mandates", 1, "holder", "phone"))


def test_elsewhere_a_reader_ignores_what_it_does_not_know() -> None:
    assert Person.model_validate({"function": "Mayor", "phone": "x"}) == Person(function="Mayor")
