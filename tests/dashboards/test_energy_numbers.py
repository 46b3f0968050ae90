"""Values of the dashboard Energy for simple inputs. The system is in Greenwich, and its time begins at 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.dashboards import queries, substitute
from support.prometheus import check_results

pytestmark = pytest.mark.integration

HOME = 'job="envoy", instance="home"'
BARN = 'job="envoy", instance="barn"'
HOUR = 3600

Series = Mapping[str, str]
"""In the notation of promtool: `_x1450 10` is a 10 after 1450 intervals without a sample."""


@dataclass(frozen=True)
class Case:
    """The expected value of a panel's query at hour `at`; the time range is the `since` hours before hour `until`."""

    panel: str
    series: Series
    at: int
    expected: float | None
    query: int = 0
    until: float = 54
    since: int = 54
    interval: str = "1m"
    flow: str = ""
    selected: Mapping[str, str] = field(default_factory=dict)


def days(name: str, *, gateway: str = HOME) -> Series:
    """10 kWh on the first day, 20 on the second; each is recorded ten minutes after its end."""
    return {f'instance:enphase_flow_kilowatt_hours:day{{{gateway}, flow="{name}"}}': "_x1450 10 _x1439 20 _x2000"}


def cost(flow: str) -> Series:
    """1 on the first day, 2 on the second."""
    return {f'instance:enphase_money:day{{{HOME}, flow="{flow}"}}': "_x1450 1 _x1439 2 _x2000"}


def a_year_of(name: str, first: int, gateway: str = HOME) -> Series:
    """1 kWh a day from the day `first` until the 400th, recorded an hour after its end."""
    before = (first + 1) * 24 + 1
    values = f"_x{before} " + "1 _x23 " * (400 - first)
    return {f'instance:enphase_flow_kilowatt_hours:day{{{gateway}, flow="{name}"}}': values}


A_KILOWATT = {f'instance:enphase_flow_watts:mean5m{{{HOME}, flow="solar"}}': "1000x2879 _ 1000x359"}
HALF_AN_HOUR = {f'instance:enphase_flow_watts:mean5m{{{HOME}, flow="solar"}}': "_x3001 1000x29"}
SOLAR_HOURS = {f'instance:enphase_flow_kilowatt_hours:hour{{{HOME}, flow="solar"}}': "_x3124 4"}
DAY, SOLAR = "Production by destination, by day", 3


def after_400_days(series: Series, expected: float | None) -> Case:
    """Of the 20 days before day 400, the value of a year earlier in the table."""
    hours = 400 * 24
    return Case("This year", series, hours, expected, 1, until=hours, since=20 * 24, interval="1h", flow="solar")


CASES: Mapping[str, Case] = {
    "day_is_at_its_midnight": Case(DAY, days("solar"), 0, 10, SOLAR),
    "next_day_is_at_the_next_midnight": Case(DAY, days("solar"), 24, 20, SOLAR),
    "day_is_found_an_hour_off_after_a_clock_change": Case(DAY, days("solar"), 23, 20, SOLAR),
    "today_is_the_hours_until_now": Case(DAY, {**days("solar"), **A_KILOWATT}, 48, 6, SOLAR),
    "unrecorded_day_is_absent": Case(DAY, A_KILOWATT, 24, None, SOLAR),
    "day_of_two_gateways_is_their_sum": Case(DAY, {**days("solar"), **days("solar", gateway=BARN)}, 24, 40, SOLAR),
    "hour_is_at_its_beginning": Case("Production by destination, by hour", SOLAR_HOURS, 51, 4, SOLAR),
    "hour_is_nowhere_else": Case("Production by destination, by hour", SOLAR_HOURS, 50, None, SOLAR),
    "current_hour_is_partial": Case("Production by destination, by hour", HALF_AN_HOUR, 50, 0.5, SOLAR, until=50.5),
    "month_counts_a_day_at_its_noon": Case("Production by month", days("solar"), 12, 10),
    "month_counts_a_day_not_at_midnight": Case("Production by month", days("solar"), 24, None),
    "month_counts_a_noon_an_hour_off": Case("Production by month", days("solar"), 37, 20),
    "month_ignores_days_before_the_time_range": Case("Production by month", days("solar"), 12, None, since=40),
    "year_counts_a_day_at_its_noon": Case("Years", days("import"), 36, 20, query=2),
    "this_month_is_both_days": Case("This month", days("solar"), 54, 30, flow="solar"),
    "this_month_that_began_yesterday_is_one_day": Case("This month", days("solar"), 54, 20, since=30, flow="solar"),
    "year_before_is_the_same_days": after_400_days(a_year_of("solar", 15), 20),
    "year_before_with_half_the_days_is_absent": after_400_days(a_year_of("solar", 25), None),
    "running_total_is_both_days": Case("Production since 1 January", days("solar"), 48, 30),
    "running_total_ignores_days_before_the_time_range": Case(
        "Production since 1 January", days("solar"), 48, 20, since=30
    ),
    "cost_by_tariff": Case("Costs and savings by month, in $currency", cost("import"), 36, 2, query=2),
    "cost_by_selected_price": Case(
        "Costs and savings by month, in $currency",
        {**cost("import"), **days("import")},
        36,
        10,
        query=2,
        selected={"import_price": "0.50"},
    ),
    "earnings_by_selected_price_0": Case(
        "Costs and savings by month, in $currency",
        {**cost("export"), **days("export")},
        36,
        0,
        query=1,
        selected={"export_price": "0"},
    ),
    "earnings_are_independent_of_the_import_price": Case(
        "Costs and savings by month, in $currency",
        {**cost("export"), **days("export")},
        36,
        2,
        query=1,
        selected={"import_price": "0.50"},
    ),
    "savings_are_0_if_all_is_imported": Case(
        "Costs and savings by month, in $currency",
        {**days("load"), **days("import")},
        36,
        0,
        selected={"import_price": "0.50"},
    ),
    "cost_by_day_is_negative": Case("Costs and savings by day, in $currency", cost("import"), 24, -2, query=2),
}


@pytest.mark.parametrize("name", CASES)
def test_energy_panel_shows_value(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    panel_queries = [target.expression for target in queries("energy") if target.panel == case.panel]
    time = {
        "__range": f"{case.since}h",
        "__range_s": f"{case.since * HOUR}",
        "__to": f"{case.until * HOUR * 1000:.0f}",
    }
    expression = substitute(panel_queries[case.query], "energy", **time, **case.selected)
    labels = f'{{flow="{case.flow}"}}' if case.flow else "{}"
    samples = [] if case.expected is None else [{"labels": labels, "value": case.expected}]
    checks = [
        {"expr": expression, "eval_time": f"{case.at}h", "exp_samples": samples},
        {"expr": "vector(1)", "eval_time": f"{case.until * 60:.0f}m", "exp_samples": [{"labels": "{}", "value": 1}]},
    ]  # promtool loads samples after a step only up to the last evaluation time
    inputs = [{"series": series, "values": values} for series, values in case.series.items()]
    test = {"interval": case.interval, "input_series": inputs, "promql_expr_test": checks}
    check_results(test, tmp_path, case.interval)
