"""The table of the history's metrics, checked against the metrics that the exporter declares."""

from collections import Counter

import pytest

from envoy_exporter.gateway_collector import families
from envoy_simulator import PROFILES
from envoy_simulator.history_metrics import METRICS, Metric, series

DECLARED = {family.name: family for family in families()}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_metric_of_the_history_is_declared_by_the_exporter(metric: Metric) -> None:
    assert metric.name in DECLARED
    assert set(metric.labels) == set(DECLARED[metric.name].labels)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_metric_of_the_history_has_series_in_a_profile(metric: Metric) -> None:
    assert any(list(metric.series(profile)) for profile in PROFILES.values())


def test_metrics_of_the_history_are_in_the_table_once() -> None:
    assert max(Counter(metric.name for metric in METRICS).values()) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_series_of_a_profile_are_distinct(profile: str) -> None:
    found = Counter((one.name, frozenset(one.labels)) for one in series(PROFILES[profile]))
    assert max(found.values()) == 1
