"""How many numbers of how many gateways were checked, at the end of every run."""

import pytest

CHECKED = pytest.StashKey[dict[str, int]]()


@pytest.fixture(scope="session")
def checked(pytestconfig: pytest.Config) -> dict[str, int]:
    """Numbers by gateway, for the line at the end."""
    return pytestconfig.stash.setdefault(CHECKED, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if counts := config.stash.get(CHECKED, {}):
        terminalreporter.write_line(f"captures: {len(counts)} gateways, {sum(counts.values()):,} numbers checked")
