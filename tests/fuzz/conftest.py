"""How many mutated scrapes there were."""

from collections import Counter

import pytest
from support.tally import tally

SEED = 50_55


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Scrapes, answers and breaches by what was done, for the line at the end."""
    return tally(pytestconfig, "fuzz")
