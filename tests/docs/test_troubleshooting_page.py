"""docs/troubleshooting.md has each reason of a failed request and each result of a token renewal."""

import re
from pathlib import Path

from envoy_exporter.enlighten.client import RESULTS
from envoy_exporter.transport.errors import RequestError

DOCS = Path(__file__).parents[2] / "docs"


def reasons(error: type[RequestError] = RequestError) -> set[str]:
    return {*error.reasons, *(reason for kind in error.__subclasses__() for reason in reasons(kind))}


def first_column(text: str) -> set[str]:
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def test_troubleshooting_page_has_a_row_for_each_reason() -> None:
    assert reasons() <= first_column((DOCS / "troubleshooting.md").read_text())


def test_authentication_page_has_a_row_for_each_renewal_result() -> None:
    assert set(RESULTS) <= first_column((DOCS / "authentication.md").read_text())
