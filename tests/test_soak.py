"""A short run of the soak test: the program works, and the exporter meets the requirements for a minute."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent


def soak(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.soak", "--scrapes=2000", "--polls=200", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_soak_of_2000_scrapes_leaks_no_descriptor_and_no_thread() -> None:
    """The limit of memory growth is negative, so that this requirement fails: the exit code must be 1."""
    result = soak("--growth=-20")
    output = result.stdout + result.stderr
    legs = [[float(column) for column in line.split()] for line in output.splitlines() if re.match(r" +\d", line)]
    assert len(legs) == 2, output
    _, scrapes, polls, requests, *_ = legs[-1]
    assert scrapes >= 2000
    assert polls >= 200
    assert requests >= polls
    grown = re.search(r"memory ([+-][\d.]+) MB, file descriptors \+0, threads \+0", output)
    assert grown is not None, output
    assert float(grown[1]) < 20
    assert re.findall(r"^FAILED: (\w+)", output, re.MULTILINE) == ["memory"], output
    assert result.returncode == 1
