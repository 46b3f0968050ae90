"""What Energy says of days that one can reckon in one's head. The plant is at Greenwich, and its time begins at 0."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.dashboards import queries, substitute
from support.prometheus import check_answers

pytestmark = pytest.mark.integration

HOME = 'job="envoy", instance="home"'
BARN = 'job="envoy", instance="barn"'
HOUR = 3600

Series = Mapping[str, str]
"""As promtool writes them: `_x1450 10` is a 10 after 1450 intervals of nothing."""


@dataclass(frozen=True)
class Claim:
    """Of a panel's query, at a step of its time, which is the `since` hours before hour `until`."""

    panel: str
    series: Series
    at: int
    shown: float | None
    query: int = 0
    until: float = 54
    since: int = 54
    interval: str = "1m"
    flow: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict)


def days(name: str, *, gateway: str = HOME) -> Series:
    """10 kWh on the first day, 20 on the second; each is written ten minutes after its end."""
    return {f'instance:enphase_flow_kilowatt_hours:day{{{gateway}, flow="{name}"}}': "_x1450 10 _x1439 20 _x2000"}


def cost(flow: str) -> Series:
    """1 on the first day, 2 on the second."""
    return {f'instance:enphase_money:day{{{HOME}, flow="{flow}"}}': "_x1450 1 _x1439 2 _x2000"}


def a_year_of(name: str, first: int, gateway: str = HOME) -> Series:
    """A kWh a day from the day `first` until the 400th, an hour after its end."""
    before = (first + 1) * 24 + 1
    values = f"_x{before} " + "1 _x23 " * (400 - first)
    return {f'instance:enphase_flow_kilowatt_hours:day{{{gateway}, flow="{name}"}}': values}


A_KILOWATT = {f'instance:enphase_flow_watts:mean5m{{{HOME}, flow="solar"}}': "1000x2879 _ 1000x359"}
HALF_AN_HOUR = {f'instance:enphase_flow_watts:mean5m{{{HOME}, flow="solar"}}': "_x3001 1000x29"}
SOLAR_HOURS = {f'instance:enphase_flow_kilowatt_hours:hour{{{HOME}, flow="solar"}}': "_x3124 4"}
DAY, SOLAR = "Where solar energy went, by day", 3


def after_400_days(series: Series, shown: float | None) -> Claim:
    """What the table says of the 20 days before, a year earlier."""
    hours = 400 * 24
    return Claim("This year", series, hours, shown, 1, until=hours, since=20 * 24, interval="1h", flow="solar")


CLAIMS: Mapping[str, Claim] = {
    "a day stands at its midnight": Claim(DAY, days("solar"), 0, 10, SOLAR),
    "and the next at the next": Claim(DAY, days("solar"), 24, 20, SOLAR),
    "where the clocks changed since, an hour beside it": Claim(DAY, days("solar"), 23, 20, SOLAR),
    "today is its six hours until now": Claim(DAY, {**days("solar"), **A_KILOWATT}, 48, 6, SOLAR),
    "a day that is not recorded is not today": Claim(DAY, A_KILOWATT, 24, None, SOLAR),
    "two roofs together": Claim(DAY, {**days("solar"), **days("solar", gateway=BARN)}, 24, 40, SOLAR),
    "an hour stands at its beginning": Claim("Where solar energy went, by hour", SOLAR_HOURS, 51, 4, SOLAR),
    "and nowhere else": Claim("Where solar energy went, by hour", SOLAR_HOURS, 50, None, SOLAR),
    "the hour that runs": Claim("Where solar energy went, by hour", HALF_AN_HOUR, 50, 0.5, SOLAR, until=50.5),
    "a month takes a day at its noon": Claim("Produced by month", days("solar"), 12, 10),
    "and not again at midnight": Claim("Produced by month", days("solar"), 24, None),
    "a noon of the other half of the year": Claim("Produced by month", days("solar"), 37, 20),
    "the day before the first month is not a month": Claim("Produced by month", days("solar"), 12, None, since=40),
    "years take the same": Claim("Years", days("import"), 36, 20, query=2),
    "this month, both days": Claim("This month", days("solar"), 54, 30, flow="solar"),
    "this month began yesterday": Claim("This month", days("solar"), 54, 20, since=30, flow="solar"),
    "the same days a year before": after_400_days(a_year_of("solar", 15), 20),
    "nothing to compare with": after_400_days(a_year_of("solar", 25), None),
    "since New Year": Claim("Produced since New Year", days("solar"), 48, 30),
    "not what was before it": Claim("Produced since New Year", days("solar"), 48, 20, since=30),
    "what the tariff was": Claim("Money by month, in $currency", cost("import"), 36, 2, query=2),
    "what if it were half of one": Claim(
        "Money by month, in $currency",
        {**cost("import"), **days("import")},
        36,
        10,
        query=2,
        chosen={"import_price": "0.50"},
    ),
    "what if export earned nothing": Claim(
        "Money by month, in $currency",
        {**cost("export"), **days("export")},
        36,
        0,
        query=1,
        chosen={"export_price": "0"},
    ),
    "the price of import says nothing of export": Claim(
        "Money by month, in $currency",
        {**cost("export"), **days("export")},
        36,
        2,
        query=1,
        chosen={"import_price": "0.50"},
    ),
    "nothing is saved where all is bought": Claim(
        "Money by month, in $currency",
        {**days("load"), **days("import")},
        36,
        0,
        chosen={"import_price": "0.50"},
    ),
    "paid is below the line": Claim("Money by day, in $currency", cost("import"), 24, -2, query=2),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_energy_shows(name: str, tmp_path: Path) -> None:
    claim = CLAIMS[name]
    panel_queries = [each.expression for each in queries("energy") if each.panel == claim.panel]
    time = {
        "__range": f"{claim.since}h",
        "__range_s": f"{claim.since * HOUR}",
        "__to": f"{claim.until * HOUR * 1000:.0f}",
    }
    expression = substitute(panel_queries[claim.query], "energy", **time, **claim.chosen)
    labels = f'{{flow="{claim.flow}"}}' if claim.flow else "{}"
    shown = [] if claim.shown is None else [{"labels": labels, "value": claim.shown}]
    asks = [
        {"expr": expression, "eval_time": f"{claim.at}h", "exp_samples": shown},
        {"expr": "vector(1)", "eval_time": f"{claim.until * 60:.0f}m", "exp_samples": [{"labels": "{}", "value": 1}]},
    ]  # promtool knows what comes after a step only as far as it is asked for
    given = [{"series": series, "values": values} for series, values in claim.series.items()]
    test = {"interval": claim.interval, "input_series": given, "promql_expr_test": asks}
    check_answers(test, tmp_path, claim.interval)
