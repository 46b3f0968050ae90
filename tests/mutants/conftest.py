"""How many mutants there were, and how many were caught."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    return tally(pytestconfig, "mutants")
