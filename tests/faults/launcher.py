"""`python -m tests.faults.launcher services.agenda`: patches the product, then runs the service's own main.

`PONTE_FAULTS_FOLDER` is where orders come from and evidence goes to; `PONTE_FAULTS_PATCHES` names,
with commas, what is patched from the start (`tests.faults.patches`).
"""

from __future__ import annotations

import logging
import os
import runpy
import sys
from pathlib import Path

from tests.faults import patches, points, stacks


def main() -> None:
    """Run one service with its fault points."""
    module = sys.argv[1]
    folder = Path(os.environ["PONTE_FAULTS_FOLDER"])
    for name in filter(None, os.environ.get("PONTE_FAULTS_PATCHES", "").split(",")):
        patches.PATCHES[name](folder)
    points.install(folder, module)
    stacks.install(folder)
    # Who joined which group when is what a failed row has to be explained with.
    logging.getLogger("aiokafka.consumer.group_coordinator").setLevel(logging.INFO)
    sys.argv = [module]
    runpy.run_module(f"{module}.__main__", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
