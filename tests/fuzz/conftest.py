"""How many mutated scrapes there were, at the end of every run."""

from collections import Counter

import pytest
from support.tally import tally

SEED = 50_55


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Scrapes, answers and breaches by what was done, for the line at the end."""
    return tally(pytestconfig, "fuzz")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := tally(config, "fuzz"):
        shown = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
        terminalreporter.write_line(f"fuzz: {shown}; seed {SEED}")
