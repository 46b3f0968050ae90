"""What Home says of a plant that one can reckon in one's head. promtool is the Prometheus."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.answers import Series, check_query
from support.dashboards import annotations, queries

pytestmark = pytest.mark.integration

HOME = 'job="envoy", instance="home"'
BARN = 'job="envoy", instance="barn"'


def flow(name: str, values: str, gateway: str = HOME) -> Series:
    return {f'instance:enphase_flow_watts:mean5m{{{gateway}, flow="{name}"}}': values}


def alert(name: str, severity: str = "warning", gateway: str = HOME) -> Series:
    labels = f'alertname="{name}", alertstate="firing", severity="{severity}", {gateway}'
    return {f"ALERTS{{{labels}}}": "1x1500"}


ONE_KILOWATT, NONE = "1000x1500", "0x1500"
MEASURED = {**flow("solar", "3000x1500"), **flow("load", ONE_KILOWATT)}
WITHOUT_CTS = flow("solar", "5000x1500", BARN)
EXPORTS = {**flow("import", NONE), **flow("export", "750x1500"), **flow("solar_to_grid", "750x1500")}
IMPORTS = {**flow("import", "600x1500"), **flow("export", NONE), **flow("grid_to_home", "600x1500")}
CHARGES = {**flow("charge", "250x1500"), **flow("discharge", NONE)}

CLAIMS: Mapping[str, tuple[str, Series, *tuple[float | None, ...]]] = {
    "the sun's power now": ("Solar", MEASURED, 3000),
    "of two roofs together": ("Solar", {**MEASURED, **WITHOUT_CTS}, 8000),
    "what is not measured is not shown": ("Home", WITHOUT_CTS, None),
    "to the grid, a number above zero": ("Grid", EXPORTS, None, 750),
    "from the grid": ("Grid", IMPORTS, 600, None),
    "neither is one zero, not none": ("Grid", {**flow("import", NONE), **flow("export", NONE)}, 0, None),
    "both within five minutes": ("Grid", {**IMPORTS, **flow("export", "200x1500")}, 400, None),
    "no meter at the grid": ("Grid", MEASURED, None, None),
    "into the battery": ("Battery", CHARGES, None, 250),
    "no battery": ("Battery", MEASURED, None, None),
    "three kilowatts for a day": ("Produced", MEASURED, 72),
    "one kilowatt for a day": ("Used", MEASURED, 24),
    "six hours without Prometheus are not made up": ("Used", flow("load", "1000x719 _x360 1000x600"), 18),
    "a quarter exported": ("Self-consumption", {**MEASURED, **EXPORTS}, 0.75),
    "a roof that nobody measures says nothing of it": (
        "Self-consumption",
        {**MEASURED, **EXPORTS, **WITHOUT_CTS},
        0.75,
    ),
    "a day without sun has no share": (
        "Self-consumption",
        {**flow("solar", NONE), **flow("solar_to_grid", NONE)},
        None,
    ),
    "six tenths from the grid": ("Self-sufficiency", {**MEASURED, **IMPORTS}, 0.4),
    "the peak of the day": ("Peak of solar", flow("solar", "100x700 4200 100x799"), 4200),
    "nothing is wrong": ("Is anything wrong?", MEASURED, 0),
    "an alert": ("Is anything wrong?", {**MEASURED, **alert("EnphaseGatewayDown")}, 1),
    "an alert while nothing is measured": ("Is anything wrong?", alert("EnphaseGatewayDown"), 1),
    "of a gateway that is not there": (
        "Is anything wrong?",
        {**MEASURED, **alert("EnphaseGatewayAbsent", gateway='job="envoy"')},
        1,
    ),
    "news are not wrong": ("Is anything wrong?", {**MEASURED, **alert("EnphaseFirmwareChanged", "info")}, 0),
    "somebody else's alert": ("Is anything wrong?", {**MEASURED, **alert("DiskFull")}, 0),
    "nobody knows": ("Is anything wrong?", {}, None),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_home_shows(claim: str, tmp_path: Path) -> None:
    title, series, *shown = CLAIMS[claim]
    panel_queries = [each.expression for each in queries("home") if each.panel == title]
    assert len(panel_queries) == len(shown)
    for query, value in zip(panel_queries, shown, strict=True):
        check_query(
            "home", query, "1d30s", series, [] if value is None else [{"labels": "{}", "value": value}], tmp_path
        )


BEFORE, AFTER = (f'enphase_gateway_info{{{HOME}, firmware="{version}"}}' for version in ("D7.6.175", "D8.2.127"))
UPGRADE = {BEFORE: "1x119 stale", AFTER: "_x119 1x1500"}
DARK_UPGRADE = {BEFORE: "1x119 stale", AFTER: "_x240 1x1500"}
OUTAGE = {BEFORE: "1x119 _x120 1x1500"}


@pytest.mark.parametrize(
    ("series", "at", "marked"),
    [
        (UPGRADE, "90m", []),
        (UPGRADE, "2h", [AFTER]),
        (UPGRADE, "170m", [AFTER]),
        (UPGRADE, "4h", []),
        (DARK_UPGRADE, "245m", [AFTER]),
        (OUTAGE, "0m", []),
        (OUTAGE, "4h", []),
    ],
    ids=[
        "before",
        "at once",
        "for an hour",
        "and no longer",
        "not heard for two hours",
        "not the first",
        "not after an outage",
    ],
)
def test_new_firmware_is_marked(series: Series, at: str, marked: list[str], tmp_path: Path) -> None:
    (mark,) = (each for each in annotations("home") if "enphase_gateway_info" in each)
    check_query("home", mark, at, series, [{"labels": each, "value": 1} for each in marked], tmp_path)


def test_an_alert_is_listed_with_the_moment_since_when(tmp_path: Path) -> None:
    (listed,) = (each.expression for each in queries("home") if each.panel == "Alerts")
    labels = f'{{alertname="EnphaseInverterSilent", severity="warning", serial="12", {HOME}}}'
    pending = labels.replace("12", "13")
    series = {
        f"ALERTS_FOR_STATE{labels}": "1792000000x60",
        f"ALERTS_FOR_STATE{pending}": "1792000000x60",
        f'ALERTS{labels[:-1]}, alertstate="firing"}}': "1x60",
        f'ALERTS{pending[:-1]}, alertstate="pending"}}': "1x60",
    }
    check_query("home", listed, "1h", series, [{"labels": labels, "value": 1_792_000_000_000}], tmp_path)
