"""After any sequence of faults everything recovers within the back-off and two scrapes."""

from collections import Counter
from pathlib import Path

import pytest

from matrix.sequences import run, sequence

pytestmark = pytest.mark.integration


def assert_recovers(seed: int, folder: Path, counted: Counter[str]) -> None:
    violations = run(seed, folder, counted)
    again = f"pytest -m '' tests/matrix/test_sequences.py --sequence {seed}"
    assert not violations, "\n".join((f"{sequence(seed)}; repeat: {again}", *dict.fromkeys(violations)))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    named = metafunc.config.getoption("sequence")
    few, all_of_them = (range(10), range(10, 1000)) if named is None else ([named], [])
    metafunc.parametrize("seed", few if metafunc.function.__name__.startswith("test_few") else all_of_them)


def test_few_random_fault_sequences_recover(seed: int, tmp_path: Path, counted: Counter[str]) -> None:
    assert_recovers(seed, tmp_path, counted)


@pytest.mark.exhaustive
def test_many_random_fault_sequences_recover(seed: int, tmp_path: Path, counted: Counter[str]) -> None:
    assert_recovers(seed, tmp_path, counted)
