"""Which services a local run has, and on which ports."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.local.errors import LocalError
from shared.local.paths import root

# Fixed numbers: people and other programs rely on them.
PORTS = {
    "agenda": 8101,
    "agreements": 8102,
    "networks": 8103,
    "dossiers": 8104,
    "relations": 8105,
    "dashboard": 8080,
}


@dataclass(frozen=True)
class Service:
    """One process of the local run.

    It serves HTTP on `port` (handed over as `PONTE_HTTP_PORT`) and is ready when `/status` answers 200.
    """

    name: str
    port: int
    command: tuple[str, ...]

    @property
    def port_setting(self) -> str:
        """The environment variable that moves its port."""
        return f"PONTE_{self.name.upper()}_PORT"

    @property
    def url(self) -> str:
        """Its address for a browser or a client on this machine."""
        return f"http://127.0.0.1:{self.port}"


def port_of(name: str, default: int, environment: Mapping[str, str] = os.environ) -> int:
    """Return the port of a service, moved by its setting.

    Raises:
        LocalError: the setting is not the number of a port.
    """
    setting = f"PONTE_{name.upper()}_PORT"
    text = environment.get(setting)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise LocalError(f"{setting} is {text!r}, which is not a port number from 1 to 65535.")
    return int(text)


def services(folder: Path | None = None) -> list[Service]:
    """Return the services that exist in this clone, the dashboard last because it reads all the others.

    Raises:
        LocalError: a port setting is wrong, or two services were given the same port.
    """
    folder = folder or root() / "services"
    found = [
        Service(name, port_of(name, default), (sys.executable, "-m", f"services.{name}"))
        for name, default in PORTS.items()
        if (folder / name / "__main__.py").is_file()
    ]
    taken: dict[int, Service] = {}
    for service in found:
        other = taken.setdefault(service.port, service)
        if other is not service:
            raise LocalError(
                f"{other.name} and {service.name} have the same port {service.port}: "
                f"set {service.port_setting} to another one."
            )
    return found
