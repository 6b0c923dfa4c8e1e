"""Finds the Chromium that the browser tests drive, or installs Debian's when run as root.

`python tools/chromium.py` prints its path; with `--status` it prints one line for the log of `make test`.
Where none can be had, the browser tests are skipped with that one line, or fail with
`PONTE_REQUIRE_BROWSER=1`.
"""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """Return the path of a Chromium on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> str | None:
    """Install Debian's Chromium if this is root on a machine with apt; return its path or None."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return None
    print("set-up: installing Chromium for the browser tests", file=sys.stderr, flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    packages = ["install", "--yes", "--no-install-recommends", "chromium"]
    for arguments in (["update"], packages):
        command = ["apt-get", "--quiet", "--quiet", *arguments]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode:
            print((result.stdout + result.stderr)[-2000:], file=sys.stderr)
            return None
    return find()


def required() -> bool:
    """Tell whether a missing browser is a failure rather than a skip."""
    return os.environ.get("PONTE_REQUIRE_BROWSER") == "1"


def main() -> int:
    """Print the path or the status; return 1 where a browser is required and missing."""
    path = find() or install()
    status = "--status" in sys.argv
    if path:
        print(f"browser tests: {path}" if status else path)
        return 0
    if required():
        print("browser tests: FAILED, no Chromium on PATH and none could be installed.", file=sys.stderr)
        return 1
    print("browser tests: SKIPPED, no Chromium on PATH; install the package chromium.", file=sys.stderr)
    return 0 if status else 1


if __name__ == "__main__":
    sys.exit(main())
