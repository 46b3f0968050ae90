"""Debian's prometheus and promtool. Tests are skipped without them, or fail if REQUIRE_PROMETHEUS is 1."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`. Without it the test is skipped, or fails if it is required."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is missing: it comes with Debian's package `prometheus`"
        if os.environ.get("REQUIRE_PROMETHEUS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(name: str, *arguments: str | Path, timeout: float = 300.0) -> str:
    """The output of the program. If it exits with an error, the test fails and shows the output."""
    command = [program(name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_queries(expressions: Iterable[str], folder: Path) -> None:
    """Checks that Prometheus accepts the queries, written as rules; duplicates are allowed."""
    rules = [{"record": "a:b", "expr": expression} for expression in expressions]
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    run("promtool", "check", "rules", "--lint=none", file)


def check_results(test: Mapping[str, object], folder: Path, evaluation_interval: str = "1m") -> None:
    """Runs one test of promtool, which compares expected results but does not return results."""
    file = folder / "test.yml"
    file.write_text(json.dumps({"evaluation_interval": evaluation_interval, "tests": [test]}))
    run("promtool", "test", "rules", file)
