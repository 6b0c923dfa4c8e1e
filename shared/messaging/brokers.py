"""Where Kafka is, and how its clients are encrypted and sign in."""

from __future__ import annotations

import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from pydantic import BaseModel, Field, SecretStr, StringConstraints, model_validator

from shared.messaging import broken
from shared.messaging.tasks import EndedFromWithin, within

if TYPE_CHECKING:
    from typing import Self

    from faststream.security import BaseSecurity

# Every Kafka client of a service is told here where the broker is.
broken.install()

RETRY_MS = 300
"""A client whose try has failed waits so long. Ten tries a second, aiokafka's default, of every client take
from a broker on the same machine what it needs to start."""

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class Brokers:
    """Kafka's address with what a client needs to get in.

    Certificates are files in PEM; without ``ca_file`` the system's authorities are trusted.
    """

    servers: str
    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None

    @property
    def encrypted(self) -> bool:
        """Whether TLS is spoken; the broker's name has to be its certificate's."""
        return self.protocol in {"SSL", "SASL_SSL"}

    @property
    def signs_in(self) -> bool:
        """Whether a name and a password are presented."""
        return self.protocol in {"SASL_PLAINTEXT", "SASL_SSL"}

    def client(self) -> dict[str, Any]:
        """The arguments of an aiokafka client. Raises ``OSError`` where a certificate cannot be read."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "security_protocol": self.protocol,
            "retry_backoff_ms": RETRY_MS,
        }
        if self.encrypted:
            options["ssl_context"] = self._context()
        if self.signs_in:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        return options

    async def answer(self, seconds: float) -> bool:
        """Whether a new client reaches Kafka within so many seconds."""
        probe = AIOKafkaClient(**self.client(), client_id="ponte-probe")
        try:
            await within(seconds, probe.bootstrap())
        except (KafkaError, OSError, TimeoutError, EndedFromWithin):
            return False
        finally:
            with suppress(Exception):
                await within(seconds, probe.close())
        return True

    def security(self) -> BaseSecurity | None:
        """The same for a FastStream broker. Raises as ``client``."""
        from faststream import security

        context = self._context() if self.encrypted else None
        if not self.signs_in:
            return security.BaseSecurity(ssl_context=context, use_ssl=True) if self.encrypted else None
        kinds = {
            "PLAIN": security.SASLPlaintext,
            "SCRAM-SHA-256": security.SASLScram256,
            "SCRAM-SHA-512": security.SASLScram512,
        }
        return kinds[self.mechanism](
            username=self.username,
            password=self.password,
            ssl_context=context,
            use_ssl=self.encrypted,
        )

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context


Kafka = Brokers | str
"""Where Kafka is; a plain address is a broker without encryption, as on a laptop."""


def brokers_of(kafka: Kafka) -> Brokers:
    """The same with everything that it leaves out."""
    return Brokers(kafka) if isinstance(kafka, str) else kafka


class KafkaSettings(BaseModel):
    """The settings of ``Brokers``; in the environment their names are ``PONTE_KAFKA_...``."""

    kafka_bootstrap_servers: Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    kafka_username: str = ""
    kafka_password: SecretStr | None = Field(default=None, repr=False)
    kafka_password_file: Path | None = Field(default=None, description="Instead of the password itself")
    kafka_ca_file: Path | None = Field(default=None, description="Authorities to trust; none: the system's")
    kafka_certificate_file: Path | None = Field(default=None, description="The client's certificate, PEM")
    kafka_key_file: Path | None = Field(default=None, description="The key of that certificate, PEM")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        signs_in = self.kafka_security_protocol.startswith("SASL")
        given = [secret for secret in (self.kafka_password, self.kafka_password_file) if secret is not None]
        if signs_in and not self.kafka_username:
            raise ValueError(f"PONTE_KAFKA_USERNAME is missing, which {self.kafka_security_protocol} needs")
        if signs_in and len(given) != 1:
            raise ValueError("one of PONTE_KAFKA_PASSWORD and PONTE_KAFKA_PASSWORD_FILE is needed")
        if (self.kafka_certificate_file is None) != (self.kafka_key_file is None):
            raise ValueError("PONTE_KAFKA_CERTIFICATE_FILE and PONTE_KAFKA_KEY_FILE belong together")
        for name in ("kafka_password_file", "kafka_ca_file", "kafka_certificate_file", "kafka_key_file"):
            file = getattr(self, name)
            if file is not None and not file.is_file():
                raise ValueError(f"PONTE_{name.upper()} is {str(file)!r}, which is no file")
        return self

    def brokers(self) -> Brokers:
        """Where Kafka is. Raises ``OSError`` where the password's file cannot be read."""
        password = self.kafka_password.get_secret_value() if self.kafka_password is not None else ""
        if self.kafka_password_file is not None:
            password = self.kafka_password_file.read_text(encoding="utf-8").strip()
        return Brokers(
            servers=self.kafka_bootstrap_servers,
            protocol=self.kafka_security_protocol,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=password,
            ca_file=self.kafka_ca_file,
            certificate_file=self.kafka_certificate_file,
            key_file=self.kafka_key_file,
        )
