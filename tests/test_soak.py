"""The long run in small: the program works, and what it promises holds for a minute's worth of it."""

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


def test_two_thousand_scrapes_while_a_twentieth_goes_wrong_leave_no_descriptor_and_no_thread_behind() -> None:
    """Memory is given none of the room that it needs after so few polls: what does not hold fails the run."""
    ended = soak("--growth=-20")
    said = ended.stdout + ended.stderr
    legs = [[float(column) for column in line.split()] for line in said.splitlines() if re.match(r" +\d", line)]
    assert len(legs) == 2, said
    _, scrapes, polls, requests, *_ = legs[-1]
    assert scrapes >= 2000
    assert polls >= 200
    assert requests >= polls
    grown = re.search(r"memory ([+-][\d.]+) MB, file descriptors \+0, threads \+0", said)
    assert grown is not None, said
    assert float(grown[1]) < 20
    assert re.findall(r"^BROKEN: (\w+)", said, re.MULTILINE) == ["memory"], said
    assert ended.returncode == 1
