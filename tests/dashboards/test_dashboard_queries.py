"""What dashboards ask for is there, and what is there is asked for or left out knowingly."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml
from support.dashboards import (
    ANY,
    RECORDED,
    annotations,
    asked,
    dashboards,
    expressions,
    known,
    labels_joined,
    labels_made,
    recorded,
    rules,
    selectors,
    substituted,
)
from support.prometheus import check_queries

from envoy_exporter.gateway_collector import families

pytestmark = pytest.mark.integration

UNUSED = Path(__file__).parent / "unused_families.yml"

every_dashboard = pytest.mark.parametrize("name", dashboards())


@every_dashboard
def test_every_metric_in_a_query_exists(name: str) -> None:
    named = {selector.name for expression in expressions(name) for selector in selectors(expression)}
    assert named - known().keys() == set()


def test_the_recorded_series_are_recorded() -> None:
    assert RECORDED.keys() - recorded() == set()


@every_dashboard
def test_every_label_in_a_query_exists(name: str) -> None:
    for expression in expressions(name):
        for selector in selectors(expression):
            labels = {label for label, _, value in selector.matchers if value != "$array"}  # who has none is of All
            assert unknown(labels, selector.name) == set(), selector
        named = {selector.name for selector in selectors(expression)}
        assert unknown(labels_joined(expression) - labels_made(expression), *named) == set(), expression


@every_dashboard
def test_every_label_in_a_legend_exists(name: str) -> None:
    for each in asked(name):
        named = {selector.name for selector in selectors(each.expression)}
        shown = set(re.findall(r"{{(\w+)}}", each.legend))
        assert unknown(shown - labels_made(each.expression), *named) == set(), str(each)


def unknown(labels: set[str], *metrics: str) -> set[str]:
    """Those that no series of these metrics has."""
    had = {"job", "instance"}.union(*(known()[metric] for metric in metrics))
    return set() if had >= ANY else labels - had


@every_dashboard
def test_every_query_is_one_that_prometheus_understands(name: str, tmp_path: Path) -> None:
    check_queries((substituted(expression, name) for expression in expressions(name)), tmp_path)


@every_dashboard
def test_a_mark_names_the_gateway_that_is_selected(name: str) -> None:
    for expression in annotations(name):
        for selector in selectors(expression):
            assert {"job", "instance"} <= {label for label, _, _ in selector.matchers}


def test_what_no_panel_and_no_rule_uses_is_left_out_for_a_reason() -> None:
    """Use it on a dashboard or in a rule, or say in unused_families.yml why nobody needs to see it."""
    reasons: dict[str, list[str]] = yaml.safe_load(UNUSED.read_text())
    patterns = [pattern for those in reasons.values() for pattern in those]
    every = [*(text for name in dashboards() for text in expressions(name)), *(rule["expr"] for rule in rules())]
    used = {selector.name for expression in every for selector in selectors(expression)}
    unused = {family.name for family in families()} - used
    assert sorted(name for name in unused if not any(fnmatchcase(name, each) for each in patterns)) == []
    assert [each for each in patterns if not any(fnmatchcase(name, each) for name in unused)] == [], "are used now"
