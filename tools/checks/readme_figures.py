"""The README's figures are those of the result files in `bench/results/`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    command = [sys.executable, "-m", "bench.readme", "--check"]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)
