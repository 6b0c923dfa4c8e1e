"""A supervisor over small fake services, as a process of its own for the tests.

Arguments: the data folder, and for each service NAME=PORT=BEHAVIOUR with a behaviour of `serve`, `fail` (ends
at once), `stubborn` (takes no SIGTERM) or `stuck` (says after two answers that only a restart can help). With
`mongod` among them, a real one runs too.
"""

import asyncio
import sys
from pathlib import Path

from shared.cli.errors import UserError
from shared.local.console import Console
from shared.local.engine import Engine
from shared.local.liveness import Limits
from shared.local.mongod import Mongod
from shared.local.supervisor import Supervisor
from shared.local.topology import Service

FAKE = """
import http.server, os, signal, sys
behaviour = sys.argv[1]
print("address", os.environ.get("PONTE_MONGODB_URI"), flush=True)
if behaviour == "fail":
    sys.exit("no such setting")
if behaviour == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
class Handler(http.server.BaseHTTPRequestHandler):
    probes = 0
    def do_GET(self):
        asked = self.path == "/status?probe=alive"
        Handler.probes += asked
        stuck = asked and behaviour == "stuck" and Handler.probes > 2
        self.send_response(503 if stuck else 200 if self.path.startswith("/status") else 404)
        self.end_headers()
    def log_message(self, *arguments):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PONTE_HTTP_PORT"])), Handler).serve_forever()
"""

# The product's limits in small, so that a test need not wait for half a minute.
QUICK = Limits(every=0.2, within=0.5, patience=1.0, starting=10.0, most_patience=60.0)


async def main() -> None:
    folder, names = Path(sys.argv[1]), sys.argv[2:]
    engines: list[Engine] = [Mongod(folder / "mongod")] if "mongod" in names else []
    services = [
        Service(name, int(port), (sys.executable, "-c", FAKE, behaviour))
        for name, port, behaviour in (each.split("=") for each in names if "=" in each)
    ]
    console = Console([name.split("=")[0] for name in names])

    async def ready() -> None:
        console.say("ALL READY")

    await Supervisor(folder, services, engines, console, limits=QUICK).run(ready)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except UserError as error:
        sys.exit(str(error))
