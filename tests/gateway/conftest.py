"""The fixture of the gateways that log in at Enlighten."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.enlighten_setup import EnlightenSetup


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[EnlightenSetup]:
    with EnlightenSetup(tmp_path) as enlighten_setup:
        yield enlighten_setup
