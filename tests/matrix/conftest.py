"""Counts what was tested."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Runs, scrapes, compared samples, recoveries, and the maxima of limited quantities."""
    return tally(pytestconfig, "matrix")
