"""What dashboards ask for is there, and what is there is asked for or left out knowingly."""

import re
from pathlib import Path

import pytest
from support.dashboards import (
    ANY,
    RECORDED,
    annotations,
    dashboards,
    expressions,
    known_labels,
    labels_joined,
    labels_made,
    queries,
    recorded,
    selectors,
    substitute,
)
from support.prometheus import check_queries

pytestmark = pytest.mark.integration

every_dashboard = pytest.mark.parametrize("name", dashboards())


@every_dashboard
def test_every_metric_in_a_query_exists(name: str) -> None:
    named = {selector.name for expression in expressions(name) for selector in selectors(expression)}
    assert named - known_labels().keys() == set()


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
    for each in queries(name):
        named = {selector.name for selector in selectors(each.expression)}
        shown = set(re.findall(r"{{(\w+)}}", each.legend))
        assert unknown(shown - labels_made(each.expression), *named) == set(), str(each)


def unknown(labels: set[str], *metrics: str) -> set[str]:
    """Those that no series of these metrics has."""
    had = {"job", "instance"}.union(*(known_labels()[metric] for metric in metrics))
    return set() if had >= ANY else labels - had


@every_dashboard
def test_every_query_is_one_that_prometheus_understands(name: str, tmp_path: Path) -> None:
    check_queries((substitute(expression, name) for expression in expressions(name)), tmp_path)


@every_dashboard
def test_a_mark_names_the_gateway_that_is_selected(name: str) -> None:
    for expression in annotations(name):
        for selector in selectors(expression):
            assert {"job", "instance"} <= {label for label, _, _ in selector.matchers}
