"""Copies of the package, and pytest on one of them in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mutants.table import PACKAGE, TESTS

ONE, ALL = 300.0, 3600.0
"""Seconds for the tests of one mutant, and of all; one that makes them hang has not been caught by them."""
PASSED, FAILED = 0, 1
ANOTHER = 99
"""Beyond pytest's own exit codes: it is not the copy that would be tried."""
_MEMORY = 4 * 1024**3
"""Bytes of addresses: a mutant without a largest body ends there, and not the machine."""
_RUN = f"""
import resource
import sys
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY}, {_MEMORY}))
from pathlib import Path
import envoy_exporter
if Path(envoy_exporter.__file__).resolve().parents[1] != Path(sys.argv[1]).resolve():
    print(envoy_exporter.__file__, "is not the copy")
    sys.exit({ANOTHER})
import pytest
sys.exit(pytest.main(sys.argv[2:]))
"""
"""Not `pytest` alone: the package that is installed for editing must not be the one that is imported."""


@dataclass(frozen=True, slots=True)
class Ran:
    """pytest's exit code, and what it said."""

    code: int
    said: str

    @property
    def failed(self) -> bool:
        """By a test, and not by a file that could not be imported."""
        return self.code == FAILED and re.search(r"^FAILED ", self.said, re.MULTILINE) is not None


def copied(folder: Path) -> Path:
    """The package as it stands, in the folder."""
    return Path(shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__")))


def run(folder: Path, tests: Iterable[str], *words: str, seconds: float = ONE) -> Ran:
    """The tests, on the copy in the folder. Raises TimeoutExpired."""
    path = os.pathsep.join((str(folder), str(TESTS)))
    ended = subprocess.run(
        [
            *(sys.executable, "-P", "-c", _RUN, folder),
            *("-n0", "-p", "no:cacheprovider", "-rfE", "--tb=short", f"--rootdir={TESTS.parent}", *words, *tests),
        ],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout + ended.stderr)
