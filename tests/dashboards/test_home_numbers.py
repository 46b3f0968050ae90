"""Values of the dashboard Home for simple inputs, evaluated by promtool."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from support.dashboards import annotations, queries
from support.query_check import Series, check_query

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

CASES: Mapping[str, tuple[str, Series, *tuple[float | None, ...]]] = {
    "production_now": ("Production", MEASURED, 3000),
    "production_now_of_two_gateways_is_their_sum": ("Production", {**MEASURED, **WITHOUT_CTS}, 8000),
    "consumption_without_cts_is_absent": ("Consumption", WITHOUT_CTS, None),
    "grid_export_is_positive": ("Grid", EXPORTS, None, 750),
    "grid_import_is_positive": ("Grid", IMPORTS, 600, None),
    "grid_without_flow_is_one_zero": ("Grid", {**flow("import", NONE), **flow("export", NONE)}, 0, None),
    "grid_import_and_export_are_netted": ("Grid", {**IMPORTS, **flow("export", "200x1500")}, 400, None),
    "grid_without_cts_is_absent": ("Grid", MEASURED, None, None),
    "battery_charging_is_positive": ("Battery", CHARGES, None, 250),
    "battery_without_batteries_is_absent": ("Battery", MEASURED, None, None),
    "production_today_of_3_kw": ("Production today", MEASURED, 72),
    "consumption_today_of_1_kw": ("Consumption today", MEASURED, 24),
    "consumption_today_omits_six_hours_without_data": (
        "Consumption today",
        flow("load", "1000x719 _x360 1000x600"),
        18,
    ),
    "self_consumption_with_a_quarter_exported": ("Self-consumption", {**MEASURED, **EXPORTS}, 0.75),
    "self_consumption_ignores_gateways_without_cts": (
        "Self-consumption",
        {**MEASURED, **EXPORTS, **WITHOUT_CTS},
        0.75,
    ),
    "self_consumption_without_production_is_absent": (
        "Self-consumption",
        {**flow("solar", NONE), **flow("solar_to_grid", NONE)},
        None,
    ),
    "self_sufficiency_with_six_tenths_imported": ("Self-sufficiency", {**MEASURED, **IMPORTS}, 0.4),
    "peak_production_of_the_day": ("Peak production", flow("solar", "100x700 4200 100x799"), 4200),
    "active_alerts_without_alerts_is_0": ("Active alerts", MEASURED, 0),
    "active_alerts_counts_an_alert": ("Active alerts", {**MEASURED, **alert("EnphaseGatewayDown")}, 1),
    "active_alerts_counts_an_alert_without_data": ("Active alerts", alert("EnphaseGatewayDown"), 1),
    "active_alerts_counts_an_alert_without_instance": (
        "Active alerts",
        {**MEASURED, **alert("EnphaseGatewayAbsent", gateway='job="envoy"')},
        1,
    ),
    "active_alerts_ignores_severity_info": (
        "Active alerts",
        {**MEASURED, **alert("EnphaseFirmwareChanged", "info")},
        0,
    ),
    "active_alerts_ignores_other_alerts": ("Active alerts", {**MEASURED, **alert("DiskFull")}, 0),
    "active_alerts_without_rules_is_absent": ("Active alerts", {}, None),
}


@pytest.mark.parametrize("case", CASES)
def test_home_panel_shows_value(case: str, tmp_path: Path) -> None:
    title, series, *expected = CASES[case]
    panel_queries = [target.expression for target in queries("home") if target.panel == title]
    assert len(panel_queries) == len(expected)
    for query, value in zip(panel_queries, expected, strict=True):
        check_query(
            "home", query, "1d30s", series, [] if value is None else [{"labels": "{}", "value": value}], tmp_path
        )


BEFORE, AFTER = (f'enphase_gateway_info{{{HOME}, firmware="{version}"}}' for version in ("D7.6.175", "D8.2.127"))
UPGRADE = {BEFORE: "1x119 stale", AFTER: "_x119 1x1500"}
DARK_UPGRADE = {BEFORE: "1x119 stale", AFTER: "_x240 1x1500"}
OUTAGE = {BEFORE: "1x119 _x120 1x1500"}


@pytest.mark.parametrize(
    ("series", "at", "expected"),
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
        "before_the_update",
        "at_the_update",
        "within_an_hour",
        "after_an_hour",
        "after_two_hours_without_data",
        "first_sample",
        "after_an_outage",
    ],
)
def test_firmware_annotation_marks_an_update_for_an_hour(
    series: Series, at: str, expected: list[str], tmp_path: Path
) -> None:
    (annotation,) = (query for query in annotations("home") if "enphase_gateway_info" in query)
    check_query("home", annotation, at, series, [{"labels": labels, "value": 1} for labels in expected], tmp_path)


def test_alerts_table_lists_firing_alerts_with_their_start(tmp_path: Path) -> None:
    (query,) = (target.expression for target in queries("home") if target.panel == "Alerts")
    labels = f'{{alertname="EnphaseInverterSilent", severity="warning", serial="12", {HOME}}}'
    pending = labels.replace("12", "13")
    series = {
        f"ALERTS_FOR_STATE{labels}": "1792000000x60",
        f"ALERTS_FOR_STATE{pending}": "1792000000x60",
        f'ALERTS{labels[:-1]}, alertstate="firing"}}': "1x60",
        f'ALERTS{pending[:-1]}, alertstate="pending"}}': "1x60",
    }
    check_query("home", query, "1h", series, [{"labels": labels, "value": 1_792_000_000_000}], tmp_path)
