"""Free ports on loopback, and the memory of those that a data folder was given."""

import json
import random
import socket
from collections import deque
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections, so that a remembered port is
# rarely somebody else's at the next start.
RANGE = range(20_000, 32_000)
# Given out by this process, and perhaps not listened on yet: of two servers on one port one does not start.
_given: deque[int] = deque(maxlen=1000)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(*, without: set[int] | frozenset[int] = frozenset()) -> int:
    """Return a free loopback port that is none of `without`, and that was not given out lately."""
    while True:
        port = random.choice(RANGE)  # noqa: S311 (no secret)
        if port not in without and port not in _given and is_free(port):
            _given.append(port)
            return port


def answers(port: int, *, within: float = 0.2) -> bool:
    """Tell whether something accepts connections on this loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=within):
            return True
    except OSError:
        return False


def remembered(file: Path, names: tuple[str, ...], fixed: dict[str, int] | None = None) -> dict[str, int]:
    """Return a port per name: the fixed one, else the remembered one if it is free, else a new one.

    The choice is written back to the file, so that a restart keeps its address and clients need not be told.
    """
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        known = None
    known = known if isinstance(known, dict) else {}
    ports = dict(fixed or {})
    for name in names:
        old = known.get(name)
        if name not in ports:
            others = set(ports.values())
            if isinstance(old, int) and old in RANGE and old not in others and is_free(old):
                ports[name] = old
            else:
                ports[name] = free_port(without=others)
    if ports != known:
        file.write_text(json.dumps(ports))
    return ports
