"""Where MongoDB and Kafka are for the commands that talk to them directly, and one connection to each.

Settings of the environment come first (``PONTE_MONGODB_URI``, ``PONTE_KAFKA_BOOTSTRAP_SERVERS`` and the
prefixes), as a service has them; without them the engines of this machine's local run are meant.
"""

import importlib.util
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from shared.cli.errors import UserError

if TYPE_CHECKING:
    from shared.messaging.brokers import Brokers
    from shared.messaging.producer import Producer
    from shared.store.driver import Client, Database, Driver

START_IT: Final = "start it with `make run`, or name another one in"
_PREFIXES: Final = {
    "PONTE_DATABASE_PREFIX": ("ponte_", r"[a-z0-9_-]{0,30}"),
    "PONTE_TOPIC_PREFIX": ("", r"[a-z0-9._-]{0,30}"),
}


@dataclass(frozen=True, slots=True)
class Where:
    """The two engines and how this installation's databases and topics begin."""

    mongodb_uri: str
    kafka: "Brokers"
    mongodb_driver: str
    database_prefix: str
    topic_prefix: str

    def topic(self, name: str) -> str:
        """The name on the broker of a topic such as ``ponte.agenda``."""
        return f"{self.topic_prefix}{name}"

    def database_name(self, service: str) -> str:
        """The name of a service's database, which is that of its consumer group too."""
        return f"{self.database_prefix}{service}"


class Connection:
    """MongoDB, and Kafka once it is asked for."""

    def __init__(self, where: Where, client: "Client") -> None:
        self.where = where
        self.client = client
        self._producer: Producer | None = None

    def database(self, service: str) -> "Database":
        """The database of that service."""
        return self.client[self.where.database_name(service)]

    @property
    def producer(self) -> "Producer":
        """One producer for the whole command; it connects at its first message."""
        from shared.messaging.producer import Producer

        if self._producer is None:
            self._producer = Producer(self.where.kafka, client_id="ponte-cli")
        return self._producer

    async def close(self) -> None:
        """Close what was opened."""
        from shared.store.driver import close

        if self._producer is not None:
            await self._producer.stop()
        await close(self.client)


def where(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Where:
    """Where the engines are; ``folder`` is the local run's data folder.

    Raises:
        UserError: a setting is wrong, or neither a setting nor a local run tells.
    """
    from shared.local.mongod import REPLICA_SET
    from shared.local.paths import data_folder

    folder = folder or data_folder()
    driver = environment.get("PONTE_MONGODB_DRIVER") or "motor"
    if driver not in {"motor", "pymongo"}:
        raise UserError(f"PONTE_MONGODB_DRIVER is {driver!r}; it is motor or pymongo.")
    prefixes = {name: _prefix(environment, name) for name in _PREFIXES}
    uri = environment.get("PONTE_MONGODB_URI") or (
        f"mongodb://{_local(folder, 'mongod', 'MongoDB', 'PONTE_MONGODB_URI')}/?replicaSet={REPLICA_SET}"
    )
    brokers = _brokers(environment, folder)
    return Where(uri, brokers, driver, prefixes["PONTE_DATABASE_PREFIX"], prefixes["PONTE_TOPIC_PREFIX"])


def known_services() -> list[str]:
    """The services of this installation."""
    from shared.local.topology import PORTS

    return [name for name in PORTS if importlib.util.find_spec(f"services.{name}") is not None]


def the_service(name: str) -> str:
    """``name``, if there is such a service. Raises ``UserError`` with those that there are."""
    known = known_services()
    if name not in known:
        raise UserError(f"--service is {name!r}; it is one of {', '.join(known)}.")
    return name


@asynccontextmanager
async def connected(at: Where | None = None) -> AsyncIterator[Connection]:
    """MongoDB, seen to answer, and Kafka when it is used.

    Raises:
        UserError: an engine is away, also when it goes away inside the block.
    """
    from aiokafka.errors import KafkaError

    from shared.store.driver import AWAY, PyMongoError, connect

    at = at or where()
    # Their own complaints would stand between the lines of a table; what matters is raised.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    logging.getLogger("ponte").setLevel(logging.CRITICAL)
    try:
        client = connect(at.mongodb_uri, cast("Driver", at.mongodb_driver))
    except (PyMongoError, ValueError) as error:
        raise UserError(f"PONTE_MONGODB_URI cannot be used: {error}.") from None
    connection = Connection(at, client)
    try:
        await client["admin"].command("ping")
        yield connection
    except AWAY as error:
        raise UserError(
            f"MongoDB does not answer at {_hosts(at.mongodb_uri)} ({type(error).__name__}): "
            f"{START_IT} PONTE_MONGODB_URI."
        ) from None
    except PyMongoError as error:
        raise UserError(f"MongoDB at {_hosts(at.mongodb_uri)} refuses: {error}.") from None
    except (KafkaError, TimeoutError) as error:
        raise UserError(
            f"Kafka does not answer at {at.kafka.servers} ({type(error).__name__}): "
            f"{START_IT} PONTE_KAFKA_BOOTSTRAP_SERVERS."
        ) from None
    finally:
        await connection.close()


async def existing_topics(connection: Connection) -> set[str]:
    """The names of the topics on the broker. Raises a ``KafkaError`` where it is away."""
    from aiokafka.admin import AIOKafkaAdminClient

    admin = AIOKafkaAdminClient(**connection.where.kafka.client())
    await admin.start()
    try:
        return set(await admin.list_topics())
    finally:
        await admin.close()


async def need_topics(connection: Connection, names: Sequence[str]) -> None:
    """Raise ``UserError`` unless the broker has these topics: a message to a missing one would wait."""
    missing = sorted({connection.where.topic(name) for name in names} - await existing_topics(connection))
    if missing:
        raise UserError(f"Kafka has no topic {', '.join(missing)}: start the services, which make it.")


def _prefix(environment: Mapping[str, str], name: str) -> str:
    default, shape = _PREFIXES[name]
    text = environment.get(name) or default
    if not re.fullmatch(shape, text):
        raise UserError(f"{name} is {text!r}; it has at most 30 of the characters {shape[:-6]}.")
    return text


def _brokers(environment: Mapping[str, str], folder: Path) -> "Brokers":
    """Kafka as the settings have it, at the local run's address where they name none."""
    from pydantic import ValidationError

    from shared.messaging.brokers import KafkaSettings

    names = {name: f"PONTE_{name.upper()}" for name in KafkaSettings.model_fields}
    given = {name: environment[setting] for name, setting in names.items() if environment.get(setting)}
    if "kafka_bootstrap_servers" not in given:
        given["kafka_bootstrap_servers"] = _local(folder, "kafka", "Kafka", "PONTE_KAFKA_BOOTSTRAP_SERVERS")
    try:
        return KafkaSettings.model_validate(given).brokers()
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False, include_input=False)
        setting = names.get(str(first["loc"][0]), "") if first["loc"] else ""
        raise UserError(f"{setting} {first['msg'].removeprefix('Value error, ')}.".strip()) from None
    except OSError as error:
        raise UserError(f"PONTE_KAFKA_PASSWORD_FILE cannot be read: {error.strerror}.") from None


def _local(folder: Path, engine: str, what: str, setting: str) -> str:
    """The address that the local run has given an engine."""
    from shared.local.ports import LOOPBACK

    try:
        port = json.loads((folder / engine / "ports.json").read_text())["client"]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(
            f"{what} is not known here: there is no local run in {folder}; {START_IT} {setting}."
        ) from None
    return f"{LOOPBACK}:{port}"


def _hosts(uri: str) -> str:
    """The hosts of a connection string, without whatever secret stands in it."""
    return uri.partition("://")[2].rpartition("@")[2].partition("/")[0] or "its address"
