"""How many mutated scrapes there were, at the end of every run."""

from collections import Counter

import pytest

SEED = 50_55
COUNTED = pytest.StashKey[Counter[str]]()


@pytest.fixture(scope="session")
def counted(pytestconfig: pytest.Config) -> Counter[str]:
    """Scrapes, answers and breaches by what was done, for the line at the end."""
    return pytestconfig.stash.setdefault(COUNTED, Counter())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := config.stash.get(COUNTED, Counter()):
        shown = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        terminalreporter.write_line(f"fuzz: {shown}; seed {SEED}")
