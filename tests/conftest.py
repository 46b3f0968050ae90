"""Where the captures are."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def captures() -> Path:
    """Real gateways' answers, which are not part of the project."""
    folder = Path(os.environ.get("ENVOY_CAPTURES", ROOT.parent / "shared" / "captures"))
    if not folder.is_dir():
        pytest.skip(f"no captures of real gateways in {folder} (ENVOY_CAPTURES says where they are)")
    return folder
