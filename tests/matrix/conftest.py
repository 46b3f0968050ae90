"""How much was tried, at the end of every run."""

from collections import Counter

import pytest
from support.tally import tally


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Runs, scrapes, samples held against the plant, recoveries, and the most of what is bounded."""
    return tally(pytestconfig, "matrix")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := tally(config, "matrix"):
        shown = ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))
        terminalreporter.write_line(f"matrix: {shown}")
