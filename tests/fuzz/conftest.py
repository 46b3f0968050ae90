"""Counts mutated scrapes."""

from collections import Counter

import pytest
from support.tally import tally

SEED = 50_55


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Scrapes and responses by kind, for the summary line."""
    return tally(pytestconfig, "fuzz")
