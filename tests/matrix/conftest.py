"""How much was tried."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Runs, scrapes, samples held against the plant, recoveries, and the most of what is bounded."""
    return tally(pytestconfig, "matrix")
