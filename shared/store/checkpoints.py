"""Checkpoints: signed notes of where every subject stood, so that an end that was cut off is found.

A chain of hashes shows that nothing in it was changed, not that nothing is missing at its end. So an owner
notes at intervals the heads (subject, epoch, sequence, hash) that have changed since the checkpoint before.
Each checkpoint holds the digest of the one before it and is signed; the signature of the last one therefore
covers all of them, and with them the last noted head of every subject.

There is no moment at which all heads are read: each is noted as it is when it is read, of what the majority
has. That is enough, because what is claimed of a head is only that its event was stored, and that stays true
whatever is stored next to it. An event since the last checkpoint is not covered yet.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.store.driver import Document
from shared.store.events import GENESIS, canonical

CHECKPOINTS: Final = "checkpoints"
"""``{_id: number, service, time, epoch, subjects, heads, previous, key, digest, signature}``; ``subjects``
counts the aggregates that were looked at for it, ``heads`` are those that had changed."""
CHECKPOINTED: Final = "checkpointed"
"""``{_id: subject, head, number}``: the last noted head of each, so that only changed ones are noted."""

_SIGNED_AS: Final = b"ponte checkpoint 1\n"
_UNDIGESTED: Final = ("digest", "signature")
_BLOCK: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)

Head = tuple[str, int, int, str]
PublicKeys = Mapping[str, Ed25519PublicKey]
"""By the key's id, as it stands in the checkpoints that it has signed."""


class KeyFault(ValueError):
    """Why a key's file cannot be used, in one sentence that names it."""


class Signer:
    """Signs checkpoints with an Ed25519 key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.key_id = key_id(key.public_key())

    @classmethod
    def read(cls, path: Path) -> Signer:
        """The key of a PEM file (PKCS 8, without a password). Raises ``KeyFault``."""
        return cls(_private(path, _content(path)))

    def sign(self, digest: str) -> str:
        """The signature of a checkpoint with that digest, in base64."""
        return b64encode(self._key.sign(_SIGNED_AS + digest.encode())).decode()


def read_public_keys(path: Path) -> PublicKeys:
    """The public keys of a PEM file, or the public half of its private one. Raises ``KeyFault``."""
    content = _content(path)
    if b"PRIVATE KEY" in content:
        keys = [_private(path, content).public_key()]
    else:
        keys = [_public(path, block) for block in _BLOCK.findall(content)]
    if not keys:
        raise KeyFault(f"{path} has no public key (PEM).")
    return {key_id(key): key for key in keys}


def key_id(key: Ed25519PublicKey) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of the key's 32 bytes."""
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFault(f"{path} cannot be read: {error.strerror}.") from None


def _private(path: Path, content: bytes) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFault(f"{path} is not a private key (PEM, without a password).") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFault(f"{path} is not an Ed25519 key.")
    return key


def _public(path: Path, block: bytes) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFault(f"{path} holds something else than public keys (PEM).") from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFault(f"{path} holds a key that is not Ed25519.")
    return key


def make_checkpoint(
    heads: Sequence[Head],
    *,
    service: str,
    time: str,
    epoch: int,
    subjects: int,
    last: Document | None,
    signer: Signer | None,
) -> Document:
    """The checkpoint after ``last`` (null: the first)."""
    made: Document = {
        "_id": last["_id"] + 1 if last else 1,
        "service": service,
        "time": time,
        "epoch": epoch,
        "subjects": subjects,
        "heads": [list(head) for head in sorted(heads)],
        "previous": last["digest"] if last else GENESIS,
        "key": signer.key_id if signer else None,
    }
    made["digest"] = digest_of(made)
    made["signature"] = signer.sign(made["digest"]) if signer else None
    return made


def digest_of(checkpoint: Document) -> str:
    """SHA-256 over everything of it but digest and signature."""
    return hashlib.sha256(
        canonical({name: value for name, value in checkpoint.items() if name not in _UNDIGESTED})
    ).hexdigest()


def checkpoint_faults(
    checkpoint: Document, before: Document | None, *, service: str, keys: PublicKeys
) -> list[str]:
    """What is wrong with the checkpoint after ``before``; without ``keys`` no signature is looked at."""
    found = []
    number, last = checkpoint["_id"], before["_id"] if before else 0
    try:
        right = digest_of(checkpoint) == checkpoint.get("digest")
    except TypeError:
        right = False
    if not right:
        found.append("its content does not have its digest")
    if checkpoint.get("service") != service:
        found.append(f"it is of {checkpoint.get('service')!r}")
    if number != last + 1:
        found.append(f"it follows number {last}: checkpoints are missing")
    elif checkpoint.get("previous") != (before.get("digest") if before else GENESIS):
        found.append("it does not follow from the checkpoint before it")
    if before is not None and _epoch(checkpoint) < _epoch(before):
        found.append(f"its epoch is lower than that of number {last}")
    fault = _signature_fault(checkpoint, keys)
    return [*found, fault] if fault else found


def _signature_fault(checkpoint: Document, keys: PublicKeys) -> str | None:
    if not keys or (checkpoint.get("signature") is None and checkpoint.get("key") is None):
        return None
    key = keys.get(str(checkpoint.get("key")))
    if key is None:
        return f"it is signed with a key that is not given ({checkpoint.get('key')})"
    try:
        signature = b64decode(str(checkpoint["signature"]), validate=True)
        key.verify(signature, _SIGNED_AS + str(checkpoint["digest"]).encode())
    except (InvalidSignature, ValueError, KeyError):
        return "its signature is wrong"
    return None


def _epoch(checkpoint: Document) -> int:
    epoch: Any = checkpoint.get("epoch")
    return epoch if isinstance(epoch, int) else 0
