"""Debian's prometheus and promtool: skipped where they are missing, unless REQUIRE_PROMETHEUS forbids it."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`; skips the test without it, or fails it where it is required."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is missing: it comes with Debian's package `prometheus`"
        if os.environ.get("REQUIRE_PROMETHEUS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
