"""A short run of the soak test: the program works, and its limits hold."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent


def soak(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.soak", "--scrapes=2000", "--polls=200", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_soak_of_two_thousand_scrapes_leaks_no_thread_or_descriptor() -> None:
    """Memory may not grow at all here (`--growth=-20`), so the run must fail: a broken limit gives exit code 1."""
    ended = soak("--growth=-20")
    output = ended.stdout + ended.stderr
    rows = [[float(cell) for cell in line.split()] for line in output.splitlines() if re.match(r" +\d", line)]
    assert len(rows) == 2, output
    _, scrapes, polls, requests, *_ = rows[-1]
    assert scrapes >= 2000
    assert polls >= 200
    assert requests >= polls
    grown = re.search(r"memory ([+-][\d.]+) MB, file descriptors \+0, threads \+0", output)
    assert grown is not None, output
    assert float(grown[1]) < 20
    assert re.findall(r"^BROKEN: (\w+)", output, re.MULTILINE) == ["memory"], output
    assert ended.returncode == 1
