"""Debian's prometheus and promtool: skipped where they are missing, unless REQUIRE_PROMETHEUS forbids it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

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


def run(name: str, *arguments: str | Path, timeout: float = 300.0) -> str:
    """What it printed; fails the test with all that it said where it finds fault."""
    command = [program(name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_queries(expressions: Iterable[str], folder: Path) -> None:
    """Are these queries that Prometheus understands: as rules, of which one may stand there twice."""
    rules = [{"record": "a:b", "expr": each} for each in expressions]
    file = folder / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    run("promtool", "check", "rules", "--lint=none", file)


def check_answers(test: Mapping[str, object], folder: Path, evaluation_interval: str = "1m") -> None:
    """One test as promtool has it. It says only whether an expected answer is right, never what the answer is."""
    file = folder / "test.yml"
    file.write_text(json.dumps({"evaluation_interval": evaluation_interval, "tests": [test]}))
    run("promtool", "test", "rules", file)
