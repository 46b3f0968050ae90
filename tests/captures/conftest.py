"""Counts the compared numbers of each gateway."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def checked(pytestconfig: pytest.Config) -> Counter[str]:
    """Numbers by gateway, for the line at the end."""
    return tally(pytestconfig, "captures")
