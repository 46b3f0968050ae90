"""How many numbers of how many gateways were checked, at the end of every run."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def checked(pytestconfig: pytest.Config) -> Counter[str]:
    """Numbers by gateway, for the line at the end."""
    return tally(pytestconfig, "captures")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := tally(config, "captures"):
        terminalreporter.write_line(f"captures: {len(counts)} gateways, {counts.total():,} numbers checked")
