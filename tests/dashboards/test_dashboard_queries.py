"""The queries of the dashboards are valid; their metrics and labels exist."""

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
def test_query_metrics_exist(name: str) -> None:
    named = {selector.name for expression in expressions(name) for selector in selectors(expression)}
    assert named - known_labels().keys() == set()


def test_recorded_labels_are_of_recorded_series() -> None:
    assert RECORDED.keys() - recorded() == set()


@every_dashboard
def test_query_labels_exist(name: str) -> None:
    for expression in expressions(name):
        for selector in selectors(expression):
            labels = {
                label for label, _, value in selector.matchers if value != "$array"
            }  # inverters without an array are in All
            assert unknown(labels, selector.name) == set(), selector
        named = {selector.name for selector in selectors(expression)}
        assert unknown(labels_joined(expression) - labels_made(expression), *named) == set(), expression


@every_dashboard
def test_legend_labels_exist(name: str) -> None:
    for query in queries(name):
        named = {selector.name for selector in selectors(query.expression)}
        shown = set(re.findall(r"{{(\w+)}}", query.legend))
        assert unknown(shown - labels_made(query.expression), *named) == set(), str(query)


def unknown(labels: set[str], *metrics: str) -> set[str]:
    """The labels that no series of these metrics has."""
    available = {"job", "instance"}.union(*(known_labels()[metric] for metric in metrics))
    return set() if available >= ANY else labels - available


@every_dashboard
def test_queries_are_valid(name: str, tmp_path: Path) -> None:
    check_queries((substitute(expression, name) for expression in expressions(name)), tmp_path)


@every_dashboard
def test_annotation_selects_job_and_instance(name: str) -> None:
    for expression in annotations(name):
        for selector in selectors(expression):
            assert {"job", "instance"} <= {label for label, _, _ in selector.matchers}
