"""Where the services are for a command."""

import os

from shared.cli.errors import UserError


def addresses() -> dict[str, str]:
    """The services' addresses: named by settings such as ``PONTE_AGENDA_URL``, else this machine's.

    Raises:
        UserError: a port setting is wrong, or no service is known.
    """
    from shared.local.errors import LocalError
    from shared.local.topology import PORTS, services

    try:
        found = {service.name: service.url for service in services()}
    except LocalError as error:
        raise UserError(str(error)) from None
    for name in PORTS:
        address = os.environ.get(f"PONTE_{name.upper()}_URL")
        if address:
            found[name] = address.rstrip("/")
    if not found:
        raise UserError("No service is known here: set PONTE_AGREEMENTS_URL and its kin.")
    return found
