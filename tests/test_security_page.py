"""The page on security promises what is tried, and numbers that hold."""

import re
from pathlib import Path

import pytest

from envoy_exporter import fields
from envoy_exporter.cli import _parser
from envoy_exporter.gateway import responses
from envoy_exporter.transport import client
from envoy_exporter.web import access, connections

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
PROMISES = re.findall(r"^\| (.+) \| ((?:`tests/\S+` ?)+) \|$", PAGE, re.MULTILINE)


def test_every_promise_names_what_tries_it() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    limits = [line for line in rows if re.search(r"\| \d+[^|]*\|$", line)]
    heads = [line for line in rows if line.startswith(("| promise |", "| limit |"))]
    assert len(rows) == len(PROMISES) + len(limits) + len(heads)
    assert len(PROMISES) >= 14


@pytest.mark.parametrize(("promise", "files"), PROMISES, ids=lambda text: text[:40])
def test_what_tries_a_promise_is_there_and_tests(promise: str, files: str) -> None:
    for file in re.findall("`([^`]+)`", files):
        assert (ROOT / file).is_file(), f"{promise}: {file}"
        assert "\ndef test_" in (ROOT / file).read_text(), file


def test_the_limits_are_those_of_the_code() -> None:
    told = [int(number) for number in re.findall(r"^\| .+ \| (\d+)[^|]*\|$", PAGE, re.MULTILINE)]
    assert told == [
        connections.MOST,
        connections.CLIENT_TIMEOUT,
        connections.KEEP_ALIVE,
        connections.LONGEST_HEAD / 1024,
        _parser().get_default("web_max_requests"),
        access.MOST_GUESSES,
        client.LARGEST_BODY / 1024**2,
        responses.LARGEST_INFO / 1024,
        fields.MAX_DEVICES,
    ]
