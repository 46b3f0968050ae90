"""The tables of docs/development/simulator.md are up to date. `make golden` writes them."""

from pathlib import Path

import pytest
from support.simulator_page import with_tables

PAGE = Path(__file__).parents[2] / "docs" / "development" / "simulator.md"


def test_simulator_page_tables_match_the_code(request: pytest.FixtureRequest) -> None:
    expected = with_tables(PAGE.read_text())
    if request.config.getoption("--update-golden"):
        PAGE.write_text(expected)
    assert PAGE.read_text() == expected, "run `make golden`, and review the difference"
