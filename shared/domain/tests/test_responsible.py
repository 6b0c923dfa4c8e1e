"""Who answers for a record: entered, corrected, handed over."""

import pytest

from shared.domain import Change, ImpossibleValue
from shared.domain.responsible import Answered, answered, corrected_responsible


class Record(Answered):
    title: str


PLAIN = Record(title="x")


def test_what_was_stored_before_has_nobody_who_answers_for_it() -> None:
    assert Record.model_validate({"title": "x"}).responsible is None


def test_a_new_record_is_its_makers() -> None:
    assert answered(Change(PLAIN), "anna").state.responsible == "anna"
    assert answered(Change(PLAIN), None).state == PLAIN


def test_a_correction_takes_the_field_out_and_names_it_only_if_it_differs() -> None:
    mine = PLAIN.answered_by("anna", "Retirement of somebody")
    changes: dict[str, object] = {"responsible": "luca", "title": "y"}
    right, wrong = corrected_responsible(mine, changes)
    assert (right.responsible, right.handover_reason, wrong) == ("luca", None, ("responsible",))
    assert changes == {"title": "y"}
    assert corrected_responsible(mine, {"responsible": "anna"}) == (mine, ())
    assert corrected_responsible(mine, {}) == (mine, ())
    assert corrected_responsible(mine, {"responsible": None})[0].responsible is None


def test_what_is_no_id_is_refused() -> None:
    with pytest.raises(ImpossibleValue):
        corrected_responsible(PLAIN, {"responsible": "two words"})
