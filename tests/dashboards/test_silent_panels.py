"""The dashboard Panels counts the inverters for which EnphaseInverterSilent fires."""

from pathlib import Path

import pytest
from support.dashboards import queries, substitute
from support.prometheus import check_results

pytestmark = pytest.mark.integration

DAY = 86400
OF = 'job="envoy", instance="home"'


def expressions(title: str) -> list[str]:
    return [substitute(target.expression, "panels") for target in queries("panels") if target.panel == title]


def series(values: dict[str, float]) -> list[dict[str, str]]:
    """Input of promtool in daylight: `values` by metric and serial, as `enphase_inverter_reporting dead`."""
    found = {f"instance:enphase_daylight:bool{{{OF}}}": 1.0}
    for key, value in values.items():
        metric, serial = key.split()
        found[f'{metric}{{{OF}, serial="{serial}"}}'] = value
    return [{"series": name, "values": f"{value:.0f}x5"} for name, value in found.items()]


def check(values: dict[str, float], expression: str, expected: dict[str, float], folder: Path) -> None:
    """`expected`: a value for each serial, or for "" if the result is one number."""
    samples = [
        {"labels": f'{{{OF}, serial="{serial}", inverter="{serial}"}}' if serial else "{}", "value": value}
        for serial, value in expected.items()
    ]
    query = {"expr": expression, "eval_time": "5m", "exp_samples": samples}
    check_results({"interval": "1m", "input_series": series(values), "promql_expr_test": [query]}, folder)


REPORTING, ACTIVE = "enphase_inverter_reporting", "enphase_inverter_active"
LAST = "enphase_inverter_last_report_timestamp_seconds"
HOURLY = "inverter:enphase_inverter_last_report_timestamp_seconds:hour"
GOOD: dict[str, float] = {f"{REPORTING} good": 1, f"{LAST} good": 0}


@pytest.mark.parametrize(
    ("values", "silent"),
    [
        pytest.param({f"{LAST} x": -2 * DAY}, True, id="no_report_for_two_days"),
        pytest.param({f"{HOURLY} x": -2 * DAY}, True, id="report_date_lost_by_the_gateway"),
        pytest.param({f"{LAST} x": -2 * DAY, f"{ACTIVE} x": 0}, False, id="removed"),
        pytest.param({f"{LAST} x": -31 * DAY}, False, id="last_report_31_days_ago"),
        pytest.param({}, False, id="never_reported"),
    ],
)
def test_silent_panels_count_inverters_with_a_report_in_30_days(
    values: dict[str, float], *, silent: bool, tmp_path: Path
) -> None:
    count, (listed, *_) = (
        expressions("Inverters not reporting in daylight"),
        expressions("Inverters not reporting in daylight, and missing"),
    )
    inputs = {**GOOD, f"{REPORTING} x": 0.0, **values}
    check(inputs, count[0], {"": float(silent)}, tmp_path)
    check(inputs, listed, {"x": -2000.0 * DAY} if silent else {}, tmp_path)


def test_silent_panel_without_report_dates_counts_none(tmp_path: Path) -> None:
    """A gateway whose clock is wrong: its inverters report, and their dates are rejected."""
    check({f"{REPORTING} good": 1}, expressions("Inverters not reporting in daylight")[0], {"": 0}, tmp_path)
