"""Chains and checkpoints by themselves: a whole one has no fault, an altered one is named."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.agenda import MissionPersonErased, MissionScheduled
from shared.contracts.base import Person, Scrubbed
from shared.store.audit import ChainAudit
from shared.store.checkpoints import (
    KeyFault,
    Signer,
    checkpoint_faults,
    digest_of,
    key_id,
    make_checkpoint,
    read_public_keys,
)
from shared.store.driver import Document
from shared.store.events import GENESIS, store_event
from shared.testing.builders import a_command, a_mission
from shared.testing.tampering import leaves, tampered

KEY = Ed25519PrivateKey.generate()
SIGNER = Signer(KEY)
KEYS = {SIGNER.key_id: KEY.public_key()}


def chain(*epochs: int) -> list[Document]:
    """An event for each epoch."""
    events: list[Document] = []
    for sequence, epoch in enumerate(epochs, start=1):
        mission = a_mission(delegation=(Person(name=f"Ada {sequence}", function="Councillor"),))
        events.append(
            store_event(
                MissionScheduled(mission=mission),
                a_command(),
                subject="mission-1",
                epoch=epoch,
                sequence=sequence,
                version=sequence,
                previous=events[-1]["hash"] if events else GENESIS,
                previous_epoch=events[-1]["epoch"] if events else 0,
            )
        )
    return events


EVENTS = chain(1, 1, 2)


def faults(journal: list[Document], *, outbox: list[Document] | None = None, **head: Any) -> list[str]:
    end = EVENTS[-1]
    stands = {"epoch": end["epoch"], "sequence": end["sequence"], "head_hash": end["hash"], **head}
    audit = ChainAudit("mission-1", {**stands, "outbox": outbox or []})
    for event in journal:
        audit.add(event)
    return [f"{place}: {what}" for place, what in audit.faults()]


@pytest.mark.parametrize("in_outbox", [0, 1, 2, 3])
@pytest.mark.parametrize("in_both", [0, 1])
def test_a_whole_chain_has_no_fault_wherever_its_events_lie(in_outbox: int, in_both: int) -> None:
    cut = len(EVENTS) - in_outbox
    assert faults(EVENTS[:cut], outbox=EVENTS[max(cut - in_both, 0) :]) == []


def test_a_value_that_no_erasure_has_taken_is_missed() -> None:
    path = "mission.delegation.0.name"
    kept = [entry for entry in EVENTS[1]["people"] if entry["path"] != path]
    found = faults([EVENTS[0], {**EVENTS[1], "people": kept}, EVENTS[2]])
    assert found == [f"1/2: the value {path!r} is gone, and no erasure says so"]


def test_erased_values_are_no_fault() -> None:
    """The audit's own values are never published, and no event tells of them."""
    scrubbed = [
        Scrubbed(epoch=event["epoch"], sequence=event["sequence"], path=entry["path"])
        for event in EVENTS
        for entry in event["people"]
        if not entry["path"].startswith("audit.")
    ]
    erased = store_event(
        MissionPersonErased(mission=a_mission(), erasure_id="erasure-1", scrubbed=tuple(scrubbed)),
        a_command(),
        subject="mission-1",
        epoch=2,
        sequence=4,
        version=4,
        previous=EVENTS[-1]["hash"],
        previous_epoch=2,
    )
    journal = [*({**event, "people": []} for event in EVENTS), erased]
    assert faults(journal, sequence=4, head_hash=erased["hash"]) == []
    assert faults(journal[:3], outbox=journal[3:], sequence=4, head_hash=erased["hash"]) == []


def test_an_aggregate_without_events_has_no_fault() -> None:
    assert faults([], epoch=1, sequence=0, head_hash=GENESIS) == []


def test_every_part_of_an_event_is_covered() -> None:
    """Each field, also each part of a personal value, altered by itself."""
    for place in range(3):
        for path in leaves(EVENTS[place]):
            events = deepcopy(EVENTS)
            events[place] = tampered(events[place], path, 0)
            assert faults(events), path


@given(st.data())
def test_a_byte_anywhere_is_found(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 2))
    path = data.draw(st.sampled_from(leaves(EVENTS[place])))
    events = deepcopy(EVENTS)
    events[place] = tampered(events[place], path, data.draw(st.integers(0, 200)))
    assert faults(events)
    assert faults(events[:place], outbox=events[place:])
    assert faults(EVENTS, outbox=events[place : place + 1])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.binary(), st.lists))
def test_anything_may_stand_in_a_field(value: Any) -> None:
    for name in EVENTS[1]:
        if value != EVENTS[1][name]:
            assert faults([EVENTS[0], {**EVENTS[1], name: value}, EVENTS[2]]), name


def test_what_is_missing_is_named() -> None:
    assert faults(EVENTS[1:])[0] == "1/2: it follows 0/0: events are missing"
    assert faults([EVENTS[0], EVENTS[2]]) == ["2/3: it follows 1/1: events are missing"]
    assert faults(EVENTS[:2]) == ["2/3: the events end at 1/2: the end is missing"]
    ahead = faults(EVENTS, epoch=1, sequence=2, head_hash=EVENTS[1]["hash"])
    assert ahead == ["2/3: the journal is ahead of the aggregate, which stands at 1/2"]
    assert faults(EVENTS, head_hash="x") == ["2/3: the aggregate's head hash is not that of its last event"]


def checkpoints(signer: Signer | None = SIGNER) -> list[Document]:
    made: list[Document] = []
    for epoch in (1, 1, 2):
        head = ("mission-1", epoch, len(made) + 1, "ab" * 32)
        time = f"2026-11-01T1{len(made)}:00:00.000+00:00"
        last = made[-1] if made else None
        made.append(
            make_checkpoint(
                [head], service="agenda", time=time, epoch=epoch, subjects=1, last=last, signer=signer
            )
        )
    return made


def all_faults(given: list[Document], keys: Any = KEYS) -> list[str]:
    before: list[Document | None] = [None, *given]
    return [
        what
        for one, other in zip(given, before, strict=False)
        for what in checkpoint_faults(one, other, service="agenda", keys=keys)
    ]


def test_whole_checkpoints_have_no_fault() -> None:
    assert all_faults(checkpoints()) == []
    assert all_faults(checkpoints(None)) == []


@given(st.data())
def test_an_altered_checkpoint_is_found(data: st.DataObject) -> None:
    made = checkpoints()
    number = data.draw(st.integers(0, 2))
    path = data.draw(st.sampled_from(leaves(made[number])))
    made[number] = tampered(made[number], path, data.draw(st.integers(0, 200)))
    assert all_faults(made)


def test_a_forged_signature_is_found() -> None:
    [first, second, third] = checkpoints()
    forged = {**third, "heads": []}
    forged["digest"] = digest_of(forged)
    assert all_faults([first, second, forged]) == ["its signature is wrong"]
    forged["signature"] = Signer(Ed25519PrivateKey.generate()).sign(forged["digest"])
    assert all_faults([first, second, forged]) == ["its signature is wrong"]
    assert all_faults([first, third])[0] == "it follows number 1: checkpoints are missing"
    other = Ed25519PrivateKey.generate().public_key()
    assert "a key that is not given" in all_faults([first], {key_id(other): other})[0]


def test_keys_come_from_files(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    block = [
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for key in (KEY, Ed25519PrivateKey.generate())
    ]
    public.write_bytes(b"".join(block))
    assert Signer.read(private).key_id in read_public_keys(public)
    assert list(read_public_keys(private)) == [SIGNER.key_id]
    assert len(read_public_keys(public)) == 2
    for content in (b"", b"nonsense", block[0].replace(b"M", b"?")):
        public.write_bytes(content)
        with pytest.raises(KeyFault, match=r"public\.pem"):
            read_public_keys(public)
        with pytest.raises(KeyFault, match=r"public\.pem"):
            Signer.read(public)
    with pytest.raises(KeyFault, match="No such file"):
        read_public_keys(tmp_path / "none.pem")
