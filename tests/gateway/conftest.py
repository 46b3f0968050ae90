"""What many tests of the gateway side begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.enlighten_setup import EnlightenSetup


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[EnlightenSetup]:
    with EnlightenSetup(tmp_path) as built:
        yield built
