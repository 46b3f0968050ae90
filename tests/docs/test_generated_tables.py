"""The generated tables of README.md and docs/polling.md are up to date. `make golden` writes them."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from support import generated_tables
from support.generated_tables import CONDITIONS, with_table

from envoy_exporter.gateway.endpoints import ENDPOINTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("page", "name", "lines"),
    [
        ("README.md", "collectors", generated_tables.collectors),
        ("docs/polling.md", "classes", generated_tables.classes),
        ("docs/polling.md", "endpoints", generated_tables.endpoints),
    ],
)
def test_table_of_page_matches_the_code(
    page: str, name: str, lines: Callable[[], Iterable[str]], request: pytest.FixtureRequest
) -> None:
    path = ROOT / page
    expected = with_table(path.read_text(), name, lines())
    if request.config.getoption("--update-golden"):
        path.write_text(expected)
    assert path.read_text() == expected, "run `make golden`, and review the difference"


def test_conditions_are_about_endpoints_that_are_requested() -> None:
    assert CONDITIONS.keys() <= {endpoint.name for endpoint in ENDPOINTS}
