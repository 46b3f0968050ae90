"""How many mutants there were, and how many were caught, at the end of a run that tried them."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    return tally(pytestconfig, "mutants")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := tally(config, "mutants"):
        terminalreporter.write_line(f"mutants: {counts['tried']} tried, {counts['caught']} caught")
