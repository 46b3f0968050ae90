"""docs/security.md: each guarantee names a test that exists, and the limits are those of the code."""

import re
from pathlib import Path

import pytest

from envoy_exporter import fields
from envoy_exporter.cli import _parser
from envoy_exporter.gateway import responses
from envoy_exporter.transport import client
from envoy_exporter.web import access, connections

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
GUARANTEES = re.findall(r"^\| (.+) \| ((?:`tests/\S+` ?)+) \|$", PAGE, re.MULTILINE)


def test_security_page_guarantee_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    limits = [line for line in rows if re.search(r"\| \d+[^|]*\|$", line)]
    headings = [line for line in rows if line.startswith(("| guarantee |", "| limit |"))]
    assert len(rows) == len(GUARANTEES) + len(limits) + len(headings)
    assert len(GUARANTEES) >= 14


@pytest.mark.parametrize(("guarantee", "files"), GUARANTEES, ids=lambda text: text[:40])
def test_security_page_test_file_exists(guarantee: str, files: str) -> None:
    for file in re.findall("`([^`]+)`", files):
        assert (ROOT / file).is_file(), f"{guarantee}: {file}"
        assert "\ndef test_" in (ROOT / file).read_text(), file


def test_security_page_limits_match_the_code() -> None:
    listed = [int(number) for number in re.findall(r"^\| .+ \| (\d+)[^|]*\|$", PAGE, re.MULTILINE)]
    assert listed == [
        connections.MAX_CONNECTIONS,
        connections.CLIENT_TIMEOUT,
        connections.KEEP_ALIVE_TIMEOUT,
        connections.MAX_HEADER_SIZE / 1024,
        _parser().get_default("web_max_requests"),
        access.MAX_PASSWORD_CHECKS,
        client.LARGEST_BODY / 1024**2,
        responses.LARGEST_INFO / 1024,
        fields.MAX_DEVICES,
    ]
