"""Kafka behind TLS, with a name and password or with a certificate, on a real broker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.errors import KafkaError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from shared.local import ports
from shared.local.kafka import Kafka
from shared.messaging.brokers import Brokers, KafkaSettings
from shared.messaging.producer import Producer
from shared.messaging.reader import Reader
from shared.messaging.record import Record
from shared.messaging.topics import Topic, ensure_topics
from shared.testing.waiting import eventually

PASSWORD = "a password with = and spaces"


class Authority:
    """A certificate authority that lasts for a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a test")])
        self.file = folder / "authority.pem"
        made = self._builder(self.name, self.key).add_extension(x509.BasicConstraints(True, None), True)
        self.file.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder(self.name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        made = self._builder(subject, key).add_extension(names, False).sign(self.key, hashes.SHA256())
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(made.public_bytes(Encoding.PEM))
        files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files


@dataclass
class Fortress:
    """A broker with two encrypted doors."""

    authority: Authority
    password_door: str
    certificate_door: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fortress(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fortress]:
    folder = tmp_path_factory.mktemp("fortress")
    authority = Authority(folder)
    certificate, key = authority.issue("broker")
    store = folder / "broker-store.pem"
    store.write_bytes(key.read_bytes() + certificate.read_bytes())
    client, controller, secure, mutual = (ports.free_port() for _ in range(4))
    doors = f"SECURE://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual}"
    login = "org.apache.kafka.common.security.plain.PlainLoginModule required"
    properties: Mapping[str, object] = {
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller},{doors}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{client},{doors}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "SECURE:SASL_SSL,MUTUAL:SSL",
        "sasl.enabled.mechanisms": "PLAIN",
        "listener.name.secure.plain.sasl.jaas.config": f'{login} user_ponte="{PASSWORD}";',
        "listener.name.mutual.ssl.client.auth": "required",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": store,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority.file,
    }
    async with Kafka(folder / "kafka", client, properties=properties):
        yield Fortress(authority, f"127.0.0.1:{secure}", f"127.0.0.1:{mutual}")


def with_password(fortress: Fortress, tmp_path: Path, password: str = PASSWORD) -> Brokers:
    file = tmp_path / "password"
    file.write_text(password + "\n")
    return KafkaSettings(
        kafka_bootstrap_servers=fortress.password_door,
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="PLAIN",
        kafka_username="ponte",
        kafka_password_file=file,
        kafka_ca_file=fortress.authority.file,
    ).brokers()


def with_certificate(fortress: Fortress, tmp_path: Path) -> Brokers:
    certificate, key = fortress.authority.issue("ponte")
    return KafkaSettings(
        kafka_bootstrap_servers=fortress.certificate_door,
        kafka_security_protocol="SSL",
        kafka_ca_file=fortress.authority.file,
        kafka_certificate_file=certificate,
        kafka_key_file=key,
    ).brokers()


@pytest.mark.parametrize("way_in", [with_password, with_certificate])
async def test_topics_are_made_and_events_go_through_an_encrypted_door(
    fortress: Fortress, tmp_path: Path, way_in: Any
) -> None:
    brokers = way_in(fortress, tmp_path)
    topic = f"ponte.{way_in.__name__}"
    await ensure_topics(brokers, [Topic(topic, 1, 60_000)])
    read: list[bytes | None] = []

    async def deliver(records: Any) -> None:
        every: list[Record] = list(records)
        read.extend(record.value for record in every)

    reader = Reader(brokers, group=topic, topics=[topic], deliver=deliver)
    await reader.start()
    producer = Producer(brokers, client_id="test")
    await producer.send(topic, [(b"key", b"value", [])])
    await eventually(lambda: read == [b"value"], within=20)
    await producer.stop()
    await reader.stop()


async def test_whoever_cannot_prove_who_they_are_stays_outside(fortress: Fortress, tmp_path: Path) -> None:
    wrong = with_password(fortress, tmp_path, "another")
    stranger = Brokers(fortress.certificate_door, "SSL", ca_file=fortress.authority.file)
    unknown_authority = Brokers(fortress.password_door, "SSL")
    for brokers in (wrong, stranger, unknown_authority):
        with pytest.raises(KafkaError):
            await ensure_topics(brokers, [Topic("ponte.never", 1, 60_000)])
    assert "another" not in repr(wrong)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kafka_security_protocol": "SASL_SSL"}, "PONTE_KAFKA_USERNAME"),
        ({"kafka_security_protocol": "SASL_SSL", "kafka_username": "ponte"}, "PONTE_KAFKA_PASSWORD"),
        ({"kafka_security_protocol": "SSL", "kafka_key_file": __file__}, "PONTE_KAFKA_CERTIFICATE_FILE"),
        ({"kafka_security_protocol": "SSL", "kafka_ca_file": "/not/there"}, "PONTE_KAFKA_CA_FILE"),
    ],
)
def test_settings_that_do_not_fit_together_are_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        KafkaSettings.model_validate({"kafka_bootstrap_servers": "k:9093", **given})
