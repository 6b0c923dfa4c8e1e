"""Makes every lock file again: hashes in, registry addresses out.

The Python lock files hold for every platform and for Python 3.11 and newer; the broker's jars are resolved by
`shared.local.fetch`, Keycloak's archive by `shared.local.distribution`.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "requirements"
# A lock file constrains those after it, so the order is part of the meaning.
NAMES = ("tools", "run", "engines", "dev")
OPTIONS = [
    "--quiet",
    "--upgrade",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
]


def main() -> int:
    """Write the lock files; return 1 if one of them came out with an address in it."""
    uv = Path(sys.executable).parent / "uv"
    for name in NAMES:
        lock = FOLDER / f"{name}.lock"
        command = [str(uv), "pip", "compile", *OPTIONS, "-o", lock.name, f"{name}.in"]
        subprocess.run(command, cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
        if re.search(r"https?://", lock.read_text()):
            print(f"{lock.name} names a registry's address", file=sys.stderr)
            return 1
        print(f"{lock.name}: {len(re.findall(r'^[a-z].*==', lock.read_text(), re.MULTILINE))} packages")
    for module in ("shared.local.fetch", "shared.local.distribution"):
        command = [sys.executable, "-m", module, "--lock"]
        if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
