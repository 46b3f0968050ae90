"""The reports of an inverter: of its last whole interval, and none at night."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator.helpers import NOON_IN_JUNE, document, make_gateway

from envoy_simulator import PROFILES
from envoy_simulator.reports import latest_reports
from envoy_simulator.system_model import SystemModel

MIDNIGHT_IN_DENVER = NOON_IN_JUNE + 12 * 3600


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.integers(2000, 20_000), st.sampled_from([20, 300, 900]))
def test_report_is_the_integral_over_its_interval(seed: int, offset: int, interval: int) -> None:
    system = SystemModel(PROFILES["8.3"].design, seed=seed, start=NOON_IN_JUNE)
    now = NOON_IN_JUNE + offset + 0.25
    for number in (0, 7, 19):
        report = latest_reports(system, interval, now)[number]
        assert report is not None
        assert now - interval < report.end <= now
        assert report.duration == interval
        samples = [system.at(report.end - second - 0.5).inverters[number].watts for second in range(interval)]
        assert report.produced / 1e6 == pytest.approx(sum(samples), abs=1e-3)
        assert report.watts == pytest.approx(sum(samples) / interval)
        assert report.lifetime == system.at(report.end).inverters[number].produced.total


def test_reports_are_staggered_over_the_interval() -> None:
    system = SystemModel(PROFILES["8.3"].design, start=NOON_IN_JUNE)
    ends = [report.end for report in latest_reports(system, 900, NOON_IN_JUNE + 5000) if report]
    assert len(set(ends)) == 20
    assert 800 < max(ends) - min(ends) < 900


def test_reports_at_night_are_the_last_ones_of_the_day() -> None:
    gateway = make_gateway("8.3", now=MIDNIGHT_IN_DENVER)
    early = document(gateway, "/api/v1/production/inverters", MIDNIGHT_IN_DENVER)
    late = document(gateway, "/api/v1/production/inverters", MIDNIGHT_IN_DENVER + 3600)
    assert early == late
    for inverter in early:
        assert 3 * 3600 < MIDNIGHT_IN_DENVER - inverter["lastReportDate"] < 5 * 3600
        assert 0 <= inverter["lastReportWatts"] <= 5
    site = document(gateway, "/production.json", MIDNIGHT_IN_DENVER)["production"][0]
    assert site["wNow"] == 0
    assert site["activeCount"] == 20
    device = document(gateway, "/ivp/pdm/device_data", MIDNIGHT_IN_DENVER)["553648384"]
    assert device["modGone"] is True
    assert device["active"] is True


def test_latest_reports_are_empty_after_days_without_light() -> None:
    """North of the polar circle, in December."""
    design = PROFILES["8.3"].design
    far = type(design)(
        latitude=78.0,
        longitude=15.0,
        phase_mode="split",
        household=(100.0, 100.0),
        arrays=design.arrays,
        inverters=design.inverters,
    )
    december = NOON_IN_JUNE + 182 * 86400
    assert set(latest_reports(SystemModel(far, start=december), 900, december)) == {None}
