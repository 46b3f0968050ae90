"""Where the captures are, and what is to be written anew."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.exporter import Scraped

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden expositions anew")


@pytest.fixture(scope="session")
def captures() -> Path:
    """Real gateways' answers, which are not part of the project."""
    folder = Path(os.environ.get("ENVOY_CAPTURES", ROOT.parent / "shared" / "captures"))
    if not folder.is_dir():
        pytest.skip(f"no captures of real gateways in {folder} (ENVOY_CAPTURES says where they are)")
    return folder


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    Scraped.close_all()
