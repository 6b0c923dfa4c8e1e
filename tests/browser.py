"""The Chromium that the journeys drive."""

import shutil

import pytest

from tools.chromium import find, required

LAUNCH = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Its path; skips the test visibly where there is none, unless one is required."""
    path = find()
    if path is None:
        assert not required(), "PONTE_REQUIRE_BROWSER=1, but there is no Chromium on PATH"
        pytest.skip("no Chromium on PATH")
    assert shutil.which(path)
    return path
