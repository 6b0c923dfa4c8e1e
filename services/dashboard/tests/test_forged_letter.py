"""A message that claims to be a record's next event, which its owner never sent, and is given up."""

import json
from typing import Any

from aiokafka import AIOKafkaProducer

from services.dashboard.tests.commanding import Running
from shared.contracts.agenda import TOPIC
from shared.store import close, connect
from shared.testing.waiting import eventually

SUBJECT = "mission-1"


async def forge(city: Running, sequence: int) -> None:
    headers = {
        "ce_type": "ponte.agenda.mission.scheduled.v1",
        "ce_subject": SUBJECT,
        "ce_epoch": "1",
        "ce_sequence": str(sequence),
        "ce_previousepoch": "1",
    }
    async with AIOKafkaProducer(bootstrap_servers=city.installation.kafka) as producer:
        await producer.send_and_wait(
            f"{city.installation.prefix}.{TOPIC}",
            b'{"not": "a mission"}',
            key=SUBJECT.encode(),
            headers=[(name, value.encode()) for name, value in headers.items()],
        )


async def aside(city: Running, service: str, marks: str) -> tuple[list[Any], list[Any]]:
    """What is parked and what is given up of the subject."""
    client = connect(city.installation.mongodb)
    try:
        row = await client[f"{city.installation.prefix}_{service}"][marks].find_one({"_id": SUBJECT})
    finally:
        await close(client)
    assert row is not None
    return row.get("parked", []), row.get("given_up", [])


async def both(city: Running) -> list[tuple[list[Any], list[Any]]]:
    return [await aside(city, "dashboard", "marks"), await aside(city, "agreements", "inbox")]


def test_a_forged_letter_that_is_given_up_hides_no_true_event_and_stops_no_rebuild(city: Running) -> None:
    city.do(forge(city, 4))

    async def set_aside() -> bool:
        return await both(city) == [([[1, 4]], [])] * 2

    city.do(eventually(set_aside, within=20))
    assert city.ponte("check").status == 0, "a dead letter is no drift"
    for service in ("dashboard", "agreements"):
        [letter] = json.loads(city.ponte("dead-letters", "list", "--json", "--service", service).text)
        arguments = ["discard", letter["id"], "--service", service, "--why", "a forgery"]
        assert city.ponte("dead-letters", *arguments).status == 0

    async def given_up() -> bool:
        return await both(city) == [([], [[1, 4]])] * 2

    city.do(eventually(given_up, within=20))
    answer = city.ponte("check")
    assert answer.status == 0, answer.text
    assert city.ponte("rebuild", "dashboard").status == 0
    # The owner's own fourth event: it is taken up, although the place had been given up.
    city.do(city.owner.store(SUBJECT, "true"))

    async def taken_up() -> bool:
        return await aside(city, "agreements", "inbox") == ([], [])

    city.do(eventually(taken_up, within=20))
    answer = city.ponte("check")
    assert answer.status == 0, answer.text
