"""docs/data-validation.md describes every rule, and its queries are valid."""

import re
from pathlib import Path

import pytest
from support.prometheus import check_queries

from envoy_exporter.collectors import COLLECTORS, required

PAGE = (Path(__file__).parents[2] / "docs" / "data-validation.md").read_text(encoding="utf-8")
RULES = {rule for collector in COLLECTORS for rule in collector.rules}
QUERIES = [line.strip() for block in re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_data_validation_page_has_each_rule_with_a_query() -> None:
    assert {rule for rule in RULES if f"`{rule}`" not in PAGE} == set()
    queried = set(re.findall(r"\w+", " ".join(re.findall(r'rule=~?"([^"]*)"', PAGE))))
    assert queried == RULES


def test_data_validation_page_lists_required_contents() -> None:
    table = PAGE[PAGE.index("| collector | required content |") :].partition("\n\n")[0]
    collectors = re.findall(r"^\| (\w+) \|", table, re.MULTILINE)[1:]
    assert set(collectors) == {requirement.collector for requirement in required.REQUIREMENTS}
    endpoints = {endpoint for requirement in required.REQUIREMENTS for endpoint in requirement.endpoints}
    named = set(re.findall(r"`(/[^`]+)`", table))
    assert named <= endpoints


@pytest.mark.integration
def test_data_validation_page_queries_are_valid(tmp_path: Path) -> None:
    check_queries(filter(None, QUERIES), tmp_path)
