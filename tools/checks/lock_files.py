"""Lock files carry hashes and no registry addresses; no file names a folder of a person's machine."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS = re.compile(r"(\.lock|package-lock\.json)$")
ADDRESS = re.compile(
    rb"https?://[^\s\"']*(registry|repo1?\.|pypi|pythonhosted|npmjs|maven)[^\s\"']*", re.IGNORECASE
)
# Folders of a person's machine; `/home/ponte` inside an image would be fine.
HOME = re.compile(rb"/(?:Users/[a-z]+|home/[a-z]+|root)/[A-Za-z.]")


def main() -> int:
    """Print each finding as FILE: WHAT and return 1 if there is any."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    wrong = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path == Path(__file__).resolve():
            continue
        content = path.read_bytes()
        if HOME.search(content):
            wrong.append(f"{name}: names a folder of somebody's machine")
        if not LOCKS.search(name):
            continue
        if b"://" in content and ADDRESS.search(content):
            wrong.append(f"{name}: names a registry's address")
        if name.startswith("requirements/"):
            packages = len(re.findall(rb"^[a-z0-9].*==", content, re.MULTILINE))
            hashed = len(re.findall(rb"^[a-z0-9].*== ?\S+.*\\\n    --hash=sha256:", content, re.MULTILINE))
            if not packages or packages != hashed:
                wrong.append(f"{name}: {packages - hashed} of {packages} packages have no hash")
    print("\n".join(wrong) or "lock files: as they should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
