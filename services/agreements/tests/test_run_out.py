"""A term that runs out is told once: the rule, and the timer in the running service."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.agreements.app import COLLECTION
from services.agreements.commands import Desk
from services.agreements.domain import (
    AgreementState,
    Correction,
    correct,
    end,
    first_day_after_term,
    note_term_over,
    register,
    renew,
    term_of,
)
from services.agreements.domain.term import TermState
from services.agreements.tests.builders import COMUNE, TODAY, agreement, said, twinning
from shared.contracts.agreements import AgreementStatus, AgreementTermOver
from shared.places.today import CityDay
from shared.store import JOURNAL, META, Repository, close, connect, prepare
from shared.store.timers import Timers
from shared.testing.builders import a_command
from shared.testing.serving import Served
from shared.testing.waiting import eventually


def running(**fields: Any) -> AgreementState:
    """Signed on 10 May 2025 for two years."""
    usual: dict[str, Any] = {"signed": (said("2025-05-10"),), "term_months": 24}
    return register(agreement(AgreementStatus.IN_FORCE, **{**usual, **fields}), today=TODAY).state


def test_it_is_told_once_on_the_first_day_after_the_term() -> None:
    state = running()
    assert first_day_after_term(state) == date(2027, 5, 11)
    assert note_term_over(state, today=date(2027, 5, 10)).events == ()
    told = note_term_over(state, today=date(2027, 5, 11))
    (event,) = told.events
    assert event == AgreementTermOver(agreement=state.agreement, term_ended_by="2027-05-10")
    assert told.state.status is AgreementStatus.IN_FORCE
    assert first_day_after_term(told.state) is None
    assert note_term_over(told.state, today=date(2027, 6, 1)).events == ()


def test_an_imprecise_date_is_over_only_when_it_surely_is() -> None:
    state = running(signed=(said("2025"),))
    assert first_day_after_term(state) == date(2028, 1, 1)
    assert note_term_over(state, today=date(2027, 12, 31)).events == ()
    (event,) = note_term_over(state, today=date(2028, 1, 1)).events
    assert isinstance(event, AgreementTermOver)
    assert event.term_ended_by == "2027-12-31"


def test_a_renewal_begins_another_term() -> None:
    told = note_term_over(running(), today=date(2027, 5, 11)).state
    renewed = renew(told, said("2027-06-01"), term_months=12, today=date(2027, 6, 2)).state
    assert first_day_after_term(renewed) == date(2028, 6, 2)
    assert note_term_over(renewed, today=date(2028, 6, 2)).events


def test_what_has_no_term_or_has_ended_is_never_due() -> None:
    over = end(running(), "Over", source=COMUNE, as_of="2026-11", today=TODAY).state
    for state in (over, AgreementState(agreement=twinning()), AgreementState(agreement=agreement())):
        assert first_day_after_term(state) is None
        assert note_term_over(state, today=date(2100, 1, 1)).events == ()


def test_what_was_over_when_it_entered_the_register_is_no_news() -> None:
    state = running(signed=(said("2012"),))
    assert term_of(state.agreement, TODAY).state is TermState.OVER_RENEWAL_UNKNOWN
    assert first_day_after_term(state) is None
    corrected = correct(state, Correction(term_months=36), today=TODAY).state
    assert first_day_after_term(corrected) == date(2016, 1, 1)


@given(st.dates(date(1950, 1, 1), TODAY), st.integers(1, 600), st.dates(TODAY, date(2100, 1, 1)))
def test_it_is_due_exactly_when_it_fires(signed: date, months: int, today: date) -> None:
    state = running(signed=(said(signed.isoformat()),), term_months=months)
    due = first_day_after_term(state)
    fired = note_term_over(state, today=today)
    assert bool(fired.events) == (due is not None and due <= today)
    assert first_day_after_term(fired.state) is None or not fired.events


async def test_midnight_is_the_citys(mongodb_uri: str, database_name: Any) -> None:
    """In Honolulu the day begins ten hours after it began in UTC."""
    client = connect(mongodb_uri)
    database = client[database_name("agreements")]
    epoch = await prepare(database, [COLLECTION])
    city_day = CityDay("Honolulu")
    desk = Desk(lambda: register_, city_day)
    register_ = Repository(
        database[COLLECTION], database[JOURNAL], AgreementState, epoch=epoch, what="id", due=desk.due()
    )
    subject = "agreement-1"
    signed = {"signed": (said("2025-05-10"),), "term_months": 24}
    await desk.register(a_command(), agreement(AgreementStatus.IN_FORCE, agreement_id=subject, **signed))
    stored = await database[COLLECTION].find_one({"_id": subject})
    assert stored is not None
    assert stored["due"] == datetime(2027, 5, 11, 10, tzinfo=UTC)
    timers = Timers(
        register_, database[META], service="agreements", command="note-term-over", fire=desk.note_term_over
    )
    assert await timers.poll() == 0
    loaded = await register_.get(subject)
    assert not desk.note_term_over(loaded.state, stored["due"] - timedelta(seconds=1)).events
    assert desk.note_term_over(loaded.state, stored["due"]).events
    await close(client)


async def test_the_running_service_tells_it_by_itself(agreements: Served) -> None:
    source = COMUNE.model_dump(mode="json")
    body = {
        "kind": "collaboration",
        "title": "Collaboration with Lyon",
        "counterpart": {"name": "Lyon", "name_it": "Lione", "place": "Lyon"},
        "term_months": 24,
        "signed": [{"date": "2012", "source": source}],
        "status": {"status": "in-force", "source": source, "as_of": "2013"},
    }
    async with agreements.client("officer-city") as officer:
        made = await officer.post("/v1/agreements/register", json=body)
        assert made.status_code == 201, made.text
        subject = made.json()["subject"]
        # The register had its length wrong; with the right one the term is over too, which is news.
        answer = await officer.post(f"/v1/agreements/{subject}/correct", json={"term_months": 36})
        assert answer.status_code == 200, answer.text

    async def told() -> None:
        row = await agreements.database[JOURNAL].find_one({"subject": subject, "sequence": 3})
        assert row is not None
        assert row["type"] == AgreementTermOver.TYPE
        assert row["data"]["term_ended_by"] == "2015-12-31"
        assert row["actor"] == "service:agreements"

    await eventually(told, within=20)
